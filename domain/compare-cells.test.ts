import { describe, expect, it } from 'vitest';
import { judgeRatio, unpairedRatio, whyIncomparable } from './compare-cells.ts';
import type { Cell } from './matrix.ts';

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

describe('whyIncomparable', () => {
  const KEY: Cell['key'] = {
    ...{ schemaVersion: 1, modelId: 'm', recipeId: 'r', deviceModel: 'd', requestedEp: 'CPUExecutionProvider' },
    ...{ executedEp: 'CPUExecutionProvider', condition: '', tier: 'standard', inputShape: 'x[1]', synthetic: false, emulated: false },
  };
  const cell = (key: Partial<Cell['key']> = {}, badges: Cell['badges'] = []) => ({ key: { ...KEY, ...key }, badges });

  it('finds nothing in cells that measured the same, whatever else is said of them', () => {
    expect(whyIncomparable(cell(), cell({ modelId: 'other' }, ['stale', 'disturbed']))).toEqual([]);
  });

  it.each(['emulated', 'synthetic', 'substituted', 'imported'] as const)('keeps a cell that is %s apart, on either side', (badge) => {
    expect(whyIncomparable(cell({}, [badge]), cell())).toEqual([`a is ${badge}`]);
    expect(whyIncomparable(cell(), cell({}, [badge]))).toEqual([`b is ${badge}`]);
  });

  it('believes the key where there is no badge', () => {
    expect(whyIncomparable(cell({ emulated: true }), cell({ synthetic: true }))).toEqual(['a is emulated', 'b is synthetic']);
  });

  it('compares one shape and one tier only', () => {
    expect(whyIncomparable(cell(), cell({ inputShape: 'x[2]', tier: 'smoke' }))).toEqual([
      'their input shapes differ',
      'their tiers differ',
    ]);
  });
});
