import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { cosine, NOT_FINITE_DIFFERENCE, type OutputPair, OutputSimilarity } from './similarity.ts';

const pair = (dims: number[], actual: number[], expected: number[]): OutputPair => ({
  dims,
  actual: Float32Array.from(actual),
  expected: Float32Array.from(expected),
  mask: undefined,
});

function compare(...pairs: readonly OutputPair[]) {
  const similarity = new OutputSimilarity();
  for (const item of pairs) similarity.add(item);
  return { rows: similarity.rows, ...similarity.finish() };
}

describe('OutputSimilarity', () => {
  it('finds nothing between equal outputs', () => {
    expect(compare(pair([2, 3], [1, 2, 3, 4, 5, 6], [1, 2, 3, 4, 5, 6]))).toEqual({
      rows: 2,
      cosineMean: expect.closeTo(1, 12),
      cosineMin: expect.closeTo(1, 12),
      cosinePooled: null,
      sqnrDb: null,
      maxAbsDifference: 0,
    });
  });

  it('takes cosines row by row over all batches', () => {
    const result = compare(pair([1, 2], [1, 0], [1, 0]), pair([1, 2], [1, 1], [1, 0]));
    expect(result.rows).toBe(2);
    expect(result.cosineMean).toBeCloseTo((1 + Math.SQRT1_2) / 2, 12);
    expect(result.cosineMin).toBeCloseTo(Math.SQRT1_2, 12);
  });

  it('looks at the tokens of the mask only, pooled and one by one', () => {
    const padded = pair([1, 2, 2], [1, 0, 9, -9], [1, 0, 0, 0]);
    expect(compare({ ...padded, mask: [1, 0] })).toMatchObject({ cosinePooled: 1, cosineMin: 1, maxAbsDifference: 0, sqnrDb: null });
    expect(compare(padded)).toMatchObject({ cosineMin: expect.closeTo(1 / Math.sqrt(163), 6), maxAbsDifference: 9 });
    const open = compare(pair([1, 2, 2], [1, 0, 1, 2], [1, 0, 1, 2]));
    expect(open.cosinePooled).toBeCloseTo(1, 12);
  });

  it('masks one value a token, as question answering gives it', () => {
    const starts = pair([2, 2], [1, 7, 2, 3], [1, -7, 2, 3]);
    expect(compare({ ...starts, mask: [1, 0, 1, 1] })).toMatchObject({ rows: 2, cosineMin: 1, maxAbsDifference: 0, cosinePooled: null });
  });

  it('masks as if the padding had been cut off', () => {
    const value = fc.integer({ min: -9, max: 9 });
    fc.assert(
      fc.property(fc.array(fc.tuple(value, value, fc.boolean()), { minLength: 1, maxLength: 6 }), (tokens) => {
        const [a, b] = [tokens.map(([x]) => x), tokens.map(([, y]) => y)];
        const kept = tokens.filter(([, , isToken]) => isToken);
        const masked = compare({ ...pair([1, tokens.length, 1], a, b), mask: tokens.map(([, , isToken]) => Number(isToken)) });
        const cut = compare(
          pair(
            [1, kept.length, 1],
            kept.map(([x]) => x),
            kept.map(([, y]) => y),
          ),
        );
        expect({ ...masked, sqnrDb: masked.sqnrDb?.toFixed(9) }).toEqual({ ...cut, sqnrDb: cut.sqnrDb?.toFixed(9) });
      }),
    );
  });

  it('gives the signal to noise ratio in decibels', () => {
    expect(compare(pair([1, 2], [10.1, 0], [10, 0])).sqnrDb).toBeCloseTo(40, 3);
  });

  it('compares one score a row as a column', () => {
    const result = compare(pair([2, 1], [1, -2], [1, -2]), pair([1, 1], [3.5], [3]));
    expect(result.rows).toBe(3);
    expect(result.cosineMean).toBe(result.cosineMin);
    expect(result.cosineMean).toBeCloseTo(cosine([1, -2, 3.5], [1, -2, 3]), 12);
  });

  it('calls infinities and NaN the worst, in numbers JSON can hold', () => {
    const result = compare(pair([1, 2], [Number.NaN, 1], [1, 1]), pair([1, 2], [1, 1], [1, 1]));
    expect(result).toMatchObject({ cosineMin: 0, maxAbsDifference: NOT_FINITE_DIFFERENCE });
    expect(JSON.parse(JSON.stringify(result))).toEqual(result);
  });

  it('refuses to judge nothing', () => {
    expect(() => compare()).toThrow(RangeError);
  });
});

describe('cosine', () => {
  it('is symmetric, within -1 and 1, and blind to scale', () => {
    const vector = fc.array(fc.integer({ min: -1_000_000, max: 1_000_000 }), { minLength: 3, maxLength: 3 });
    fc.assert(
      fc.property(vector, vector, (a, b) => {
        expect(cosine(a, b)).toBe(cosine(b, a));
        expect(Math.abs(cosine(a, b))).toBeLessThanOrEqual(1);
        expect(
          cosine(
            a.map((x) => x * 4),
            b,
          ),
        ).toBeCloseTo(cosine(a, b), 6);
      }),
    );
  });

  it('is 1 for two zero vectors and 0 for one', () => {
    expect(cosine([0, 0], [0, 0])).toBe(1);
    expect(cosine([0, 0], [1, 0])).toBe(0);
  });
});
