import { describe, expect, it } from 'vitest';
import { LogitComparison, scoreAgreement } from './logits.ts';
import { cosine, NOT_FINITE_DIFFERENCE } from './similarity.ts';

function compare(...batches: readonly (readonly [number[], number[], number[]])[]) {
  const logits = new LogitComparison();
  for (const [dims, actual, expected] of batches)
    logits.add({ dims, actual: Float32Array.from(actual), expected: Float32Array.from(expected), mask: undefined });
  return logits;
}

describe('LogitComparison', () => {
  it('keeps the scores of a ranker over all batches', () => {
    const logits = compare(
      [
        [2, 1],
        [1, -2],
        [1, -2],
      ],
      [[1, 1], [3.5], [3]],
    );
    expect(logits.scores).toEqual({ actual: [1, -2, 3.5], expected: [1, -2, 3] });
    expect(logits.finish()).toMatchObject({ meanAbs: expect.closeTo(0.5 / 3, 6), maxAbs: 0.5, top1Agreement: null });
  });

  it('counts rows whose best label agrees', () => {
    const logits = compare([
      [2, 3],
      [0, 9, 1, 5, 2, 1],
      [0, 8, 2, 1, 2, 0],
    ]);
    expect(logits.labels).toBe(3);
    expect(logits.classes).toEqual({ actual: [1, 0], expected: [1, 1] });
    expect(logits.finish()).toMatchObject({ top1Agreement: 0.5, agreement: null });
  });

  it('calls values that are not finite the worst, in numbers JSON can hold', () => {
    const logit = compare(
      [
        [1, 2],
        [Number.NaN, 1],
        [1, 1],
      ],
      [
        [1, 2],
        [1, 1],
        [1, 1],
      ],
    ).finish();
    expect(logit).toMatchObject({ maxAbs: NOT_FINITE_DIFFERENCE });
    expect(JSON.parse(JSON.stringify(logit))).toEqual(logit);
  });

  it('is nothing for an output that is no [batch, labels]', () => {
    expect(compare([[1, 1, 1], [1], [1]]).finish()).toBeNull();
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
