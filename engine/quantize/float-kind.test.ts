import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { floatsFromHalves, halfFromFloatBits } from '../graph/half.ts';
import { FLOAT16, roundHalfEven } from './float-kind.ts';

describe('binary16', () => {
  test('rounds float32 numbers as the conversion of tensors does', () => {
    fc.assert(
      fc.property(fc.float({ noNaN: true }), (value) => {
        const [half] = floatsFromHalves(Uint16Array.of(halfFromFloatBits(new Uint32Array(Float32Array.of(value).buffer)[0] ?? 0)));
        expect(FLOAT16.round(value) + 0).toBe((half ?? Number.NaN) + 0);
      }),
      { numRuns: 2000 },
    );
  });

  test.each([
    // Just above the middle of two halves; float32 would round it to the middle first, and that to even.
    [1 + 2 ** -11 + 2 ** -40, 1 + 2 ** -10],
    [2 ** -25, 0],
    [2 ** -25 + 2 ** -60, 2 ** -24],
    [65519.99, 65504],
    [-65520, Number.NEGATIVE_INFINITY],
    [Number.NaN, Number.NaN],
  ])('rounds %d to %d', (value, rounded) => {
    expect(FLOAT16.round(value)).toBe(rounded);
  });
});

describe('roundHalfEven', () => {
  test.each([
    [0.5, 0],
    [1.5, 2],
    [2.5, 2],
    [-0.5, 0],
    [-1.5, -2],
    [0.49999999999999994, 0],
    [2 ** 51 + 0.5, 2 ** 51],
    [-2.6, -3],
  ])('rounds %d to %d', (value, rounded) => {
    expect(roundHalfEven(value) + 0).toBe(rounded);
  });
});
