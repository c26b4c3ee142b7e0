import { describe, expect, it } from 'vitest';
import { unpairedRatio } from './compare-cells.ts';
import { judgeRatio } from './comparison.ts';

const estimate = (low: number | null, value: number, high: number | null) => ({ low, value, high });

describe('judgeRatio', () => {
  it.each([
    ['same', estimate(0.99, 1, 1.01)],
    ['same', estimate(1.005, 1.01, 1.015)],
    ['slower', estimate(1.001, 1.03, 1.06)],
    ['faster', estimate(0.9, 0.92, 0.94)],
    ['inconclusive', estimate(0.9, 1.03, 1.2)],
    ['inconclusive', estimate(1.001, 1.015, 1.03)],
    ['inconclusive', estimate(null, 2, null)],
  ])('%s', (verdict, ratio) => {
    expect(judgeRatio(ratio, 0.02)).toBe(verdict);
  });
});

describe('unpairedRatio', () => {
  it('is wider than either side, and open when one is', () => {
    const { low, value, high } = unpairedRatio(estimate(10.5, 11, 11.6), estimate(9.8, 10, 10.2));
    expect(value).toBeCloseTo(1.1, 12);
    expect(low ?? 0).toBeLessThan(1.05);
    expect(high ?? 0).toBeGreaterThan(1.155);
    expect(unpairedRatio(estimate(null, 1, null), estimate(1, 1, 1)).low).toBeNull();
  });
});
