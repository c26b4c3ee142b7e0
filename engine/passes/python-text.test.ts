import { describe, expect, it } from 'vitest';
import { pythonText } from './python-text.ts';

describe('pythonText', () => {
  // Right-hand sides are what Python 3.11 prints.
  it.each([
    ['plain', 'plain'],
    [null, 'None'],
    [true, 'True'],
    [1e-12, '1e-12'],
    [0.00001, '1e-05'],
    [0.0001, '0.0001'],
    [-2.5e-7, '-2.5e-07'],
    [12, '12'],
    [['a', 1, null, [false]], "['a', 1, None, [False]]"],
    [{ a: "it's", b: { c: 'say "x"' } }, `{'a': "it's", 'b': {'c': 'say "x"'}}`],
    [[`'"`, 'tab\t\\'], `['\\'"', 'tab\\t\\\\']`],
    [{}, '{}'],
  ])('writes %j as %s', (value, text) => {
    expect(pythonText(value)).toBe(text);
  });
});
