import { describe, expect, it } from 'vitest';
import { nearestName } from './nearest-name.ts';

describe('nearestName', () => {
  const names = ['OnnxConversion', 'OptimumConversion', 'GraphSurgeries', 'Rtn'];

  it.each([
    ['OnnxConvertion', 'OnnxConversion'],
    ['onnxconversion', 'OnnxConversion'],
    ['GraphSurgery', 'GraphSurgeries'],
    ['Rtm', 'Rtn'],
  ])('takes %s for %s', (word, name) => {
    expect(nearestName(word, names)).toBe(name);
  });

  it.each(['Quantize', '', 'x'.repeat(10_000)])('suggests nothing for what is far from every name', (word) => {
    expect(nearestName(word, names)).toBeUndefined();
  });
});
