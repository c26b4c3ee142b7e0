import { describe, expect, it } from 'vitest';
import { judgeShift } from './judge-shifts.ts';
import { syntheticLaunches } from './synthetic-launches.ts';

const PLAN = { launches: 5 } as const;

describe('on launches that depend on nothing', () => {
  it.each(['one after the other', 'alternating'] as const)(
    '%s gives about 5 false alarms in 100, and intervals that hold the truth',
    (method) => {
      const { told, covered } = judgeShift(syntheticLaunches(0.01, 2_000), { ...PLAN, method, shift: 1 });
      expect(told).toBeLessThan(0.075);
      expect(covered).toBeGreaterThan(0.925);
    },
  );

  it('tells a shift of ten spreads nearly always, and hardly ever the wrong way round', () => {
    expect(judgeShift(syntheticLaunches(0.01, 2_000), { ...PLAN, method: 'alternating', shift: 1.1 })).toMatchObject({
      told: 1,
      called: 1,
      wrong: 0,
    });
  });
});

it('a machine that slows down alarms measurements one after the other, and hardly those that alternate', () => {
  const drifting = syntheticLaunches(0.002, 2_000).map((ms, index) => ms * (1 + 0.2 * (index / 2_000)));
  const told = (method: 'one after the other' | 'alternating') => judgeShift(drifting, { ...PLAN, method, shift: 1 }).told;
  expect(told('one after the other')).toBeGreaterThan(told('alternating'));
});
