import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compare, kendallTauB } from './kendall.ts';
import { averagePrecision, type Candidate, normalizedGain, rankCandidates, reciprocalRank } from './rank-metrics.ts';

const of = (scores: readonly number[], labels: readonly number[]): Candidate[] =>
  scores.map((score, index) => ({ score, label: labels[index] ?? 0 }));

/** The textbook measures of one fixed order of labels. */
const TEXTBOOK = {
  reciprocalRank(labels: readonly number[], cutoff: number): number {
    const first = labels.findIndex((label) => label > 0);
    return first === -1 || first >= cutoff ? 0 : 1 / (first + 1);
  },
  averagePrecision(labels: readonly number[]): number {
    const ranks = labels.flatMap((label, index) => (label > 0 ? [index + 1] : []));
    return ranks.length === 0 ? 0 : ranks.reduce((sum, rank, found) => sum + (found + 1) / rank, 0) / ranks.length;
  },
  normalizedGain(labels: readonly number[], cutoff: number): number {
    const gain = (order: readonly number[]) =>
      order.slice(0, cutoff).reduce((sum, label, index) => sum + Math.max(0, label) / Math.log2(index + 2), 0);
    const best = gain([...labels].sort((a, b) => b - a));
    return best === 0 ? 0 : gain(labels) / best;
  },
};

/** Every order of the candidates that falls in score. */
function orders(candidates: readonly Candidate[]): readonly (readonly Candidate[])[] {
  if (candidates.length === 0) return [[]];
  const best = candidates.reduce((top, candidate) => (compare(candidate.score, top.score) > 0 ? candidate : top)).score;
  return candidates.flatMap((candidate, index) => {
    if (compare(candidate.score, best) !== 0) return [];
    return orders(candidates.filter((_, other) => other !== index)).map((rest) => [candidate, ...rest]);
  });
}

function expectation(candidates: readonly Candidate[], measure: (labels: readonly number[]) => number): number {
  const values = orders(candidates).map((order) => measure(order.map(({ label }) => label)));
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

const tied = fc.array(fc.record({ score: fc.integer({ min: 0, max: 2 }), label: fc.integer({ min: -1, max: 3 }) }), {
  minLength: 1,
  maxLength: 6,
});

describe('a ranking with ties', () => {
  it('has the mean of every measure over all orders of its ties', () => {
    fc.assert(
      fc.property(tied, fc.integer({ min: 1, max: 7 }), (candidates, cutoff) => {
        const ranking = rankCandidates(candidates);
        expect(reciprocalRank(ranking, cutoff)).toBeCloseTo(
          expectation(candidates, (labels) => TEXTBOOK.reciprocalRank(labels, cutoff)),
          10,
        );
        expect(averagePrecision(ranking)).toBeCloseTo(expectation(candidates, TEXTBOOK.averagePrecision), 10);
        expect(normalizedGain(candidates, cutoff)).toBeCloseTo(
          expectation(candidates, (labels) => TEXTBOOK.normalizedGain(labels, cutoff)),
          10,
        );
      }),
      { numRuns: 300 },
    );
  });

  it('does not depend on the order of the file', () => {
    fc.assert(
      fc.property(tied, (candidates) => {
        const reversed = [...candidates].reverse();
        expect(reciprocalRank(rankCandidates(reversed), 10)).toBeCloseTo(reciprocalRank(rankCandidates(candidates), 10), 12);
        expect(averagePrecision(rankCandidates(reversed))).toBeCloseTo(averagePrecision(rankCandidates(candidates)), 12);
        expect(normalizedGain(reversed, 10)).toBeCloseTo(normalizedGain(candidates, 10), 12);
      }),
    );
  });
});

describe('worked by hand', () => {
  // Ranks: not, relevant, not, relevant.
  const four = of([0.9, 0.8, 0.7, 0.6], [0, 1, 0, 1]);

  it('reciprocal rank is 1/2, and 0 above its cutoff', () => {
    expect(reciprocalRank(rankCandidates(four), 10)).toBe(0.5);
    expect(reciprocalRank(rankCandidates(four), 1)).toBe(0);
  });

  it('average precision is (1/2 + 2/4) / 2', () => {
    expect(averagePrecision(rankCandidates(four))).toBe(0.5);
  });

  it('normalised gain is (1/log2(3) + 1/log2(5)) / (1 + 1/log2(3))', () => {
    expect(normalizedGain(four, 10)).toBeCloseTo(0.650921, 6);
  });

  it('graded labels are gains: (1 + 3/log2(3)) / (3 + 1/log2(3))', () => {
    expect(normalizedGain(of([2, 1], [1, 3]), 10)).toBeCloseTo(0.796708, 6);
  });

  it('one relevant of two that tie is at rank 1 or 2: 3/4', () => {
    const tie = of([1, 1], [0, 1]);
    expect(reciprocalRank(rankCandidates(tie), 10)).toBe(0.75);
    expect(averagePrecision(rankCandidates(tie))).toBe(0.75);
  });

  it('a score that is not a number ranks last', () => {
    expect(reciprocalRank(rankCandidates(of([Number.NaN, -5], [1, 0])), 10)).toBe(0.5);
  });

  it('nothing relevant gives 0 everywhere', () => {
    const none = of([1, 2], [0, -1]);
    expect([reciprocalRank(rankCandidates(none), 10), averagePrecision(rankCandidates(none)), normalizedGain(none, 10)]).toEqual([0, 0, 0]);
  });
});

/** The definition, pair by pair. */
function tauByPairs(a: readonly number[], b: readonly number[]): number | null {
  let agreement = 0;
  let apartA = 0;
  let apartB = 0;
  for (let i = 0; i < a.length; i++) {
    for (let j = 0; j < i; j++) {
      const x = compare(a[i], a[j]);
      const y = compare(b[i], b[j]);
      agreement += x * y;
      apartA += x * x;
      apartB += y * y;
    }
  }
  return apartA * apartB === 0 ? null : agreement / Math.sqrt(apartA * apartB);
}

describe('kendallTauB', () => {
  it('counts what the definition counts pair by pair', () => {
    const score = fc.oneof(fc.integer({ min: 0, max: 4 }), fc.constant(Number.NaN));
    const pairs = fc.array(fc.tuple(score, score), { maxLength: 30 });
    fc.assert(
      fc.property(pairs, (items) => {
        const [a, b] = [items.map(([x]) => x), items.map(([, y]) => y)];
        const [tau, slow] = [kendallTauB(a, b), tauByPairs(a, b)];
        if (slow === null) expect(tau).toBeNull();
        else expect(tau).toBeCloseTo(slow, 12);
      }),
    );
  });

  it('is 1 for one order, -1 for its reverse, null when a side ties everything', () => {
    expect(kendallTauB([1, 2, 3], [10, 20, 30])).toBe(1);
    expect(kendallTauB([1, 2, 3], [3, 2, 1])).toBe(-1);
    expect(kendallTauB([1, 1, 1], [3, 2, 1])).toBeNull();
    expect(kendallTauB([1], [1])).toBeNull();
  });
});
