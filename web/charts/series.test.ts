import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { aligned, histogramOf, runsOf } from './series.ts';

describe('histogramOf', () => {
  it('has every sample in a bin or beyond the last', () => {
    fc.assert(
      fc.property(fc.array(fc.array(fc.double({ min: 0.1, max: 50, noNaN: true }), { minLength: 1 }), { minLength: 1 }), (launches) => {
        const { shares, beyond } = histogramOf(launches);
        const counted = shares.reduce((sum, bins, index) => sum + bins.reduce((a, b) => a + b, 0) * (launches[index]?.length ?? 0), 0);
        expect(counted + beyond).toBeCloseTo(launches.flat().length, 6);
      }),
    );
  });

  it('cuts a long tail off and counts it', () => {
    const { middles, beyond } = histogramOf([[...Array.from({ length: 999 }, (_, index) => 5 + index / 1_000), 900]]);
    expect(beyond).toBeGreaterThan(0);
    expect(middles.at(-1)).toBeLessThan(6);
  });

  it('takes equal samples', () => {
    expect(histogramOf([[3, 3, 3]]).shares[0]?.[0]).toBe(1);
  });
});

describe('runsOf', () => {
  it('keeps the highest of every group', () => {
    const samples = Array.from({ length: 5_000 }, () => 1);
    samples[4_321] = 99;
    const { runs, ms } = runsOf(samples);
    expect(runs.length).toBeLessThanOrEqual(400);
    expect(Math.max(...ms)).toBe(99);
  });
});

describe('aligned', () => {
  it('fills what a line lacks with null', () => {
    expect(
      aligned([
        { xs: [1, 3], ys: [10, 30] },
        { xs: [2], ys: [20] },
      ]),
    ).toEqual({
      axis: [1, 2, 3],
      columns: [
        [10, null, 30],
        [null, 20, null],
      ],
    });
  });
});
