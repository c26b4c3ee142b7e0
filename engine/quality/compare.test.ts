import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { cosine, meanPool, NOT_FINITE_DIFFERENCE, OutputComparison, type OutputPair, scoreAgreement } from './compare.ts';

const pair = (dims: number[], actual: number[], expected: number[]): OutputPair => ({
  dims,
  actual: Float32Array.from(actual),
  expected: Float32Array.from(expected),
  mask: undefined,
});

function compare(pairs: readonly OutputPair[], isClassifier = false) {
  const comparison = new OutputComparison(isClassifier);
  for (const item of pairs) comparison.add(item);
  return comparison.finish();
}

describe('OutputComparison', () => {
  it('finds nothing between equal outputs', () => {
    expect(compare([pair([2, 3], [1, 2, 3, 4, 5, 6], [1, 2, 3, 4, 5, 6])])).toEqual({
      rows: 2,
      cosineMean: expect.closeTo(1, 12),
      cosineMin: expect.closeTo(1, 12),
      cosinePooled: null,
      sqnrDb: null,
      maxAbsDifference: 0,
      logit: null,
    });
  });

  it('takes cosines row by row over all batches', () => {
    const result = compare([pair([1, 2], [1, 0], [1, 0]), pair([1, 2], [1, 1], [1, 0])]);
    expect(result.rows).toBe(2);
    expect(result.cosineMean).toBeCloseTo((1 + Math.SQRT1_2) / 2, 12);
    expect(result.cosineMin).toBeCloseTo(Math.SQRT1_2, 12);
  });

  it('pools over the tokens of the mask only', () => {
    const masked = compare([{ ...pair([1, 2, 2], [1, 0, 9, -9], [1, 0, 0, 0]), mask: [1, 0] }]);
    expect(masked.cosinePooled).toBeCloseTo(1, 12);
    expect(masked.cosineMin).toBeLessThan(0.1);
    const open = compare([pair([1, 2, 2], [1, 0, 1, 2], [1, 0, 1, 2])]);
    expect(open.cosinePooled).toBeCloseTo(1, 12);
  });

  it('gives the signal to noise ratio in decibels', () => {
    expect(compare([pair([1, 2], [10.1, 0], [10, 0])]).sqnrDb).toBeCloseTo(40, 3);
  });

  it('compares the scores of a ranker as one column', () => {
    const result = compare([pair([2, 1], [1, -2], [1, -2]), pair([1, 1], [3.5], [3])], true);
    expect(result.rows).toBe(3);
    expect(result.cosineMean).toBe(result.cosineMin);
    expect(result.cosineMean).toBeGreaterThan(0.99);
    expect(result.logit).toMatchObject({ meanAbs: expect.closeTo(0.5 / 3, 6), maxAbs: 0.5, top1Agreement: null });
  });

  it('counts rows whose best label agrees', () => {
    const result = compare([pair([2, 3], [0, 9, 1, 5, 2, 1], [0, 8, 2, 1, 2, 0])], true);
    expect(result.logit?.top1Agreement).toBe(0.5);
  });

  it('calls infinities and NaN the worst, in numbers JSON can hold', () => {
    const result = compare([pair([1, 2], [Number.NaN, 1], [1, 1]), pair([1, 2], [1, 1], [1, 1])], true);
    expect(result).toMatchObject({ cosineMin: 0, maxAbsDifference: NOT_FINITE_DIFFERENCE });
    expect(JSON.parse(JSON.stringify(result))).toEqual(result);
  });

  it('refuses to judge nothing', () => {
    expect(() => compare([])).toThrow(RangeError);
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

describe('meanPool', () => {
  it('averages masked tokens and survives an empty mask', () => {
    expect([...meanPool(Float32Array.of(1, 2, 3, 4), Float64Array.of(1, 1))]).toEqual([2, 3]);
    expect([...meanPool(Float32Array.of(1, 2, 3, 4), Float64Array.of(0, 0))]).toEqual([0, 0]);
  });
});

describe('scoreAgreement', () => {
  const scores = [-11.2, -10.8, -11.5, -10.4];

  it('sees what the cosine of a column of scores cannot', () => {
    const reversed = [-10.8, -11.2, -10.4, -11.5];
    expect(cosine(reversed, scores)).toBeGreaterThan(0.99);
    expect(scoreAgreement(reversed, scores)).toBeLessThan(0.5);
    const constant = scores.map(() => -10.975);
    expect(cosine(constant, scores)).toBeGreaterThan(0.99);
    expect(scoreAgreement(constant, scores)).toBeCloseTo(0.5, 2);
    const halved = scores.map((score) => score / 2);
    expect(cosine(halved, scores)).toBeCloseTo(1, 6);
    expect(scoreAgreement(halved, scores)).toBe(-1);
    expect(scoreAgreement([-0.001], [-11])).toBeLessThan(0.6);
  });

  it('lets the rounding of float16 pass', () => {
    const rounded = scores.map((score, row) => score + (row % 2 === 0 ? 3e-3 : -3e-3));
    expect(scoreAgreement(rounded, scores)).toBeGreaterThan(0.999);
  });

  it('takes an error within half a percent of the scores against their size, not against a spread that rounding drowns', () => {
    expect(scoreAgreement([5.001, 5, 5], [5, 5, 5])).toBeGreaterThan(0.999);
    expect(scoreAgreement([-5.8016, -5.79, -5.811], [-5.8, -5.791, -5.8125])).toBeGreaterThan(0.999);
    expect(scoreAgreement([5.5, 5, 5], [5, 5, 5])).toBe(-1);
  });

  it('is 1 for equal scores and 0 for one that is not finite', () => {
    expect(scoreAgreement([0, 0], [0, 0])).toBe(1);
    expect(scoreAgreement([Number.NaN, 1], [1, 2])).toBe(0);
  });
});
