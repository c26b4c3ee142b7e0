import fc from 'fast-check';
import { expect, test } from 'vitest';
import { findDuplicateKey } from './json-keys.ts';

test.each([
  ['{"a":1,"a":2}', 'a'],
  ['{"a":{"b":1},"c":[{"d":1,"d":2}]}', 'd'],
  ['{"a":"x\\"y","\\u0061":0}', 'a'],
  ['{"a":{"a":{"a":["a","a"]}}}', undefined],
  ['{"a,b":[1,"a,b",{"a,b":2}],"b":"{\\"b\\":1}"}', undefined],
  ['["a","a"]', undefined],
  ['"a"', undefined],
])('%s', (text, duplicate) => {
  expect(findDuplicateKey(text)).toBe(duplicate);
});

test('what JSON.stringify writes has no duplicates', () => {
  fc.assert(fc.property(fc.jsonValue(), (value) => findDuplicateKey(JSON.stringify(value)) === undefined));
});
