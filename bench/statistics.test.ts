import fc from 'fast-check';
import { expect, it } from 'vitest';
import { median, quantile, steadyRate } from './statistics.ts';

it('takes the middle of an odd count and the mean of the two middle ones of an even count', () => {
  expect(median([3, 1, 2])).toBe(2);
  expect(median([4, 1, 2, 3])).toBe(2.5);
});

it('has at least a share q of the samples at or below the quantile, and fewer below it', () => {
  const samples = fc.array(fc.integer({ min: -100, max: 100 }), { minLength: 1, maxLength: 50 });
  fc.assert(
    fc.property(samples, fc.integer({ min: 1, max: 100 }), (values, percent) => {
      const found = quantile(values, percent / 100);
      const needed = (percent / 100) * values.length;
      expect(values.filter((value) => value <= found).length).toBeGreaterThanOrEqual(needed - 1e-9);
      expect(values.filter((value) => value < found).length).toBeLessThan(needed + 1e-9);
    }),
  );
});

it('refuses a quantile of nothing', () => {
  expect(() => quantile([], 0.5)).toThrow('no samples');
});

it('leaves a slow start and a slow end out of the rate', () => {
  const steady = Array.from({ length: 80 }, (_, index) => 10_000 + index * 10);
  const start = Array.from({ length: 10 }, (_, index) => index * 1_000);
  const end = Array.from({ length: 10 }, (_, index) => 20_000 + index * 1_000);
  expect(steadyRate([...start, ...steady, ...end])).toBeCloseTo(100, 0);
});
