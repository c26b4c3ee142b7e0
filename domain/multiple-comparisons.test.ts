import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { falseDiscoveryThreshold, holm } from './multiple-comparisons.ts';

/** The fifteen p-values of Benjamini and Hochberg 1995, section 3.1, with what the paper says of them at 0.05. */
const PAPER = [0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344, 0.0459, 0.324, 0.4262, 0.5719, 0.6528, 0.759, 1];

describe('false discovery threshold', () => {
  it('rejects the four hypotheses of the paper that introduced it, in any order', () => {
    expect(falseDiscoveryThreshold(PAPER, 0.05)).toBe(0.0095);
    expect(falseDiscoveryThreshold([...PAPER].reverse(), 0.05)).toBe(0.0095);
  });

  it('finds nothing in nothing', () => {
    expect(falseDiscoveryThreshold([], 0.05)).toBe(0);
    expect(falseDiscoveryThreshold([0.06, 0.9], 0.05)).toBe(0);
  });

  it('never finds less than Holm, and what it finds is below the level', () => {
    fc.assert(
      fc.property(fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 40 }), (pValues) => {
        const threshold = falseDiscoveryThreshold(pValues, 0.05);
        const adjusted = holm(pValues);
        expect(threshold).toBeLessThanOrEqual(0.05);
        for (const [index, p] of pValues.entries()) if ((adjusted[index] ?? 1) <= 0.05) expect(p).toBeLessThanOrEqual(threshold);
      }),
    );
  });
});

describe('holm', () => {
  it('multiplies by what is left, never falls, and keeps the order given', () => {
    expect(holm([0.04, 0.01, 0.03])).toEqual([0.06, 0.03, 0.06]);
    expect(holm([])).toEqual([]);
    expect(holm([0.9, 0.8])).toEqual([1, 1]);
  });

  it('rejects the three hypotheses of the paper by Benjamini and Hochberg that Bonferroni rejects', () => {
    expect(holm(PAPER).filter((p) => p <= 0.05)).toHaveLength(3);
  });
});
