import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  compareLatency,
  latencyRatio,
  launchInterval,
  mean,
  median,
  medianAbsoluteDeviation,
  pAtMost,
  pairedRatio,
  quantile,
  relativeHalfWidth,
  studentQuantile,
  variance,
} from './statistics.ts';

const positives = fc.array(fc.double({ min: 0.01, max: 1000, noNaN: true }), { minLength: 1, maxLength: 30 });

describe('quantile', () => {
  it('interpolates linearly between order statistics', () => {
    expect(quantile([4, 1, 3, 2], 0.5)).toBe(2.5);
    expect(quantile([10, 20, 30, 40, 50], 0.9)).toBeCloseTo(46, 12);
    expect(quantile([7], 0.999)).toBe(7);
  });

  it('lies between the extremes and grows with p', () => {
    fc.assert(
      fc.property(positives, fc.double({ min: 0, max: 1, noNaN: true }), fc.double({ min: 0, max: 1, noNaN: true }), (samples, p, q) => {
        const [low, high] = [quantile(samples, Math.min(p, q)), quantile(samples, Math.max(p, q))];
        expect(low).toBeLessThanOrEqual(high + 1e-9);
        expect(low).toBeGreaterThanOrEqual(Math.min(...samples) - 1e-9);
        expect(high).toBeLessThanOrEqual(Math.max(...samples) + 1e-9);
      }),
    );
  });

  it('leaves its argument alone and refuses nonsense', () => {
    const samples = [3, 1, 2];
    expect(median(samples)).toBe(2);
    expect(samples).toEqual([3, 1, 2]);
    expect(() => quantile([], 0.5)).toThrow(RangeError);
    expect(() => quantile([1], 1.5)).toThrow(RangeError);
  });
});

describe('spread', () => {
  it('gives the textbook values', () => {
    expect(mean([1, 2, 3, 4])).toBe(2.5);
    expect(variance([2, 4, 4, 4, 5, 5, 7, 9])).toBeCloseTo(32 / 7, 12);
    expect(medianAbsoluteDeviation([1, 1, 2, 2, 4, 6, 9])).toBe(1);
  });
});

describe('studentQuantile', () => {
  it.each([
    // Closed forms for 1 and 2 degrees of freedom, published tables beyond.
    [0.975, 1, Math.tan(Math.PI * 0.475)],
    [0.975, 2, (2 * 0.975 - 1) * Math.sqrt(2 / (1 - (2 * 0.975 - 1) ** 2))],
    [0.975, 4, 2.7764451052],
    [0.975, 9, 2.2621571628],
    [0.995, 4, 4.6040948713],
    [0.95, 30, 1.6972608944],
    [0.975, 1e7, 1.9599641],
    [0.75, 5, 0.7266868438],
  ])('of p %f and %f degrees of freedom is %f', (p, degreesOfFreedom, expected) => {
    expect(studentQuantile(p, degreesOfFreedom)).toBeCloseTo(expected, 6);
  });

  it('is odd around one half, and falls with degrees of freedom, whole or not', () => {
    fc.assert(
      fc.property(
        fc.double({ min: 0.51, max: 0.999, noNaN: true }),
        fc.double({ min: 0.6, max: 200, noNaN: true }),
        (p, degreesOfFreedom) => {
          const t = studentQuantile(p, degreesOfFreedom);
          expect(studentQuantile(1 - p, degreesOfFreedom)).toBeCloseTo(-t, 6);
          expect(studentQuantile(p, degreesOfFreedom * 1.5)).toBeLessThan(t);
        },
      ),
    );
  });
});

describe('launchInterval', () => {
  it('is symmetric on the log scale around the geometric mean', () => {
    const { value, low, high } = launchInterval([10, 11, 9, 10.5, 9.5]);
    expect(value).toBeCloseTo((10 * 11 * 9 * 10.5 * 9.5) ** 0.2, 10);
    expect(value / (low ?? 0)).toBeCloseTo((high ?? 0) / value, 10);
    const logs = [10, 11, 9, 10.5, 9.5].map(Math.log);
    expect(Math.log((high ?? 0) / value)).toBeCloseTo(2.7764451052 * Math.sqrt(variance(logs) / 5), 8);
  });

  it('gives no interval under five launches without a pool', () => {
    expect(launchInterval([5, 5.1, 5.2, 5])).toMatchObject({ low: null, high: null });
    expect(launchInterval([5]).value).toBeCloseTo(5, 12);
  });

  it('uses the pooled variance of the device for a single launch', () => {
    const { value, high } = launchInterval([5], { variance: 0.0004, degreesOfFreedom: 30 });
    expect(Math.log((high ?? 0) / value)).toBeCloseTo(studentQuantile(0.975, 30) * 0.02, 10);
  });

  it('does not ask the pool when there are launches enough', () => {
    const medians = [5, 5.1, 5.2, 5, 5.05];
    expect(launchInterval(medians, { variance: 1, degreesOfFreedom: 30 })).toEqual(launchInterval(medians));
  });

  it('covers the true latency in about 95 of 100 repetitions', () => {
    const next = generator(7);
    let covered = 0;
    for (let repetition = 0; repetition < 4000; repetition++) {
      const { low, high } = launchInterval(Array.from({ length: 5 }, () => 10 * Math.exp(0.03 * normal(next))));
      if ((low ?? 0) <= 10 && 10 <= (high ?? 0)) covered += 1;
    }
    expect(covered / 4000).toBeGreaterThan(0.94);
    expect(covered / 4000).toBeLessThan(0.96);
  });

  it('refuses a latency that is not positive', () => {
    expect(() => launchInterval([1, 0])).toThrow(RangeError);
    expect(() => launchInterval([])).toThrow(RangeError);
  });
});

describe('relativeHalfWidth', () => {
  it('takes the wider side and nothing without an interval', () => {
    expect(relativeHalfWidth({ value: 10, low: 9.9, high: 10.3 })).toBeCloseTo(0.03, 12);
    expect(relativeHalfWidth({ value: 10, low: null, high: null })).toBeUndefined();
  });
});

describe('latencyRatio', () => {
  it('is one with an interval around one for equal cells, and inverts when the sides swap', () => {
    const a = { launchMedians: [10, 10.2, 9.8, 10.1, 9.9] };
    const b = { launchMedians: [11, 11.2, 10.9, 11.1, 10.8] };
    expect(latencyRatio(a, a).value).toBe(1);
    const [forward, backward] = [latencyRatio(b, a), latencyRatio(a, b)];
    expect(forward.value).toBeCloseTo(1.1, 2);
    expect(forward.low).toBeGreaterThan(1);
    expect(forward.low ?? 0).toBeCloseTo(1 / (backward.high ?? 0), 10);
  });

  it('has no interval when one side has too few launches, and none of zero width is lost', () => {
    const flat = { launchMedians: [2, 2, 2, 2, 2] };
    expect(latencyRatio({ launchMedians: [1] }, flat)).toEqual({ value: expect.closeTo(0.5, 10), low: null, high: null });
    expect(latencyRatio(flat, flat)).toEqual({ value: 1, low: 1, high: 1 });
  });
});

/** A small seeded generator (mulberry32), enough for a coverage experiment. */
function generator(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}

/** Standard normal by Box and Muller. */
function normal(next: () => number): number {
  return Math.sqrt(-2 * Math.log(1 - next())) * Math.cos(2 * Math.PI * next());
}

describe('pairedRatio', () => {
  it('cancels what disturbs both launches of a pair', () => {
    const weather = [1, 1.5, 0.8, 2, 1.1, 1.3];
    const { value, low, high } = pairedRatio(
      weather.map((factor) => 2.2 * factor),
      weather.map((factor) => 2 * factor),
    );
    for (const bound of [value, low, high]) expect(bound).toBeCloseTo(1.1, 12);
  });

  it('gives no interval under five pairs, and refuses what is no pair', () => {
    expect(pairedRatio([1, 2], [1, 2])).toMatchObject({ value: 1, low: null, high: null });
    expect(() => pairedRatio([1, 2], [1])).toThrow(RangeError);
  });
});

describe('pAtMost', () => {
  const a = [10.8, 10.9, 10.7, 10.85, 10.75];
  const b = [10, 10.1, 9.9, 10.05, 9.95];

  it('is half of the two-sided value at the bounds of the interval', () => {
    const { ratio, error } = compareLatency({ launchMedians: a }, { launchMedians: b });
    if (error === null || ratio.low === null || ratio.high === null) throw new Error('no interval');
    expect(pAtMost(ratio.value, error, ratio.low)).toBeCloseTo(0.025, 10);
    expect(pAtMost(ratio.value, error, ratio.high)).toBeCloseTo(0.975, 10);
    expect(pAtMost(ratio.value, error, ratio.value)).toBeCloseTo(0.5, 12);
  });

  it('is certain without any error', () => {
    const error = { standardError: 0, degreesOfFreedom: 8 };
    expect([pAtMost(1.1, error, 1.05), pAtMost(1.05, error, 1.05), pAtMost(1, error, 1.05)]).toEqual([0, 1, 1]);
  });
});
