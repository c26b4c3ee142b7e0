import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { launchInterval } from '../../domain/statistics.ts';
import { type LaunchProgress, launchBudget, nextLaunch } from './next-launch.ts';
import { seededRandom } from './seeded-random.ts';
import { launchPlan, TIERS } from './tiers.ts';

const steady = (count: number) => Array.from({ length: count }, (_, i) => 10 + 0.01 * (i % 3));
const wild = (count: number) => Array.from({ length: count }, (_, i) => (i % 2 === 0 ? 10 : 14));
const progress = (changes: Partial<LaunchProgress>): LaunchProgress => ({
  tier: 'standard',
  launchMediansMs: [],
  elapsedMs: 0,
  ...changes,
});

describe('nextLaunch', () => {
  it('launches five times before it judges', () => {
    for (let count = 0; count < 5; count++) expect(nextLaunch(progress({ launchMediansMs: steady(count) }))).toEqual({ action: 'launch' });
    expect(nextLaunch(progress({ launchMediansMs: steady(5), elapsedMs: 20_000 }))).toEqual({ action: 'stop', verdict: 'ok' });
  });

  it("adds launches while the interval is wide, up to the tier's maximum", () => {
    expect(nextLaunch(progress({ launchMediansMs: wild(9), elapsedMs: 30_000 }))).toEqual({ action: 'launch' });
    expect(nextLaunch(progress({ launchMediansMs: wild(10), elapsedMs: 30_000 }))).toEqual({ action: 'stop', verdict: 'noisy' });
  });

  it('stops when one more launch would exceed the budget', () => {
    expect(nextLaunch(progress({ launchMediansMs: wild(6), elapsedMs: 270_000 }))).toEqual({ action: 'stop', verdict: 'noisy' });
    expect(nextLaunch(progress({ launchMediansMs: steady(2), elapsedMs: 290_000 }))).toEqual({ action: 'launch' });
    expect(nextLaunch(progress({ launchMediansMs: steady(2), elapsedMs: 300_000 }))).toEqual({ action: 'stop', verdict: 'insufficient' });
  });

  it('keeps to a number of launches asked for', () => {
    expect(nextLaunch(progress({ launches: 3, launchMediansMs: steady(2) }))).toEqual({ action: 'launch' });
    expect(nextLaunch(progress({ launches: 3, launchMediansMs: steady(3) }))).toEqual({ action: 'stop', verdict: 'insufficient' });
    expect(nextLaunch(progress({ launches: 7, launchMediansMs: steady(6) }))).toEqual({ action: 'launch' });
  });

  it('lets a slow model keep its launches and lose runs of each', () => {
    const slow = launchBudget(progress({ tier: 'smoke', launchMediansMs: [], elapsedMs: 0 }));
    expect(slow).toEqual({ remainingMs: 60_000, launchesLeft: 5 });
    const { warmup, measure } = launchPlan('smoke', slow);
    expect(5 * (warmup.maxMs + measure.maxMs)).toBeLessThan(60_000);
    expect(launchBudget(progress({ tier: 'smoke', launchMediansMs: steady(4), elapsedMs: 50_000 }))).toEqual({
      remainingMs: 10_000,
      launchesLeft: 1,
    });
  });

  it('still covers the truth in 91 of 100 benchmarks at the spread where stopping early costs most', () => {
    const spread = 0.04;
    const random = seededRandom(7);
    const median = () => 10 * Math.exp(spread * Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random()));
    let covered = 0;
    for (let repetition = 0; repetition < 2000; repetition++) {
      const launchMediansMs: number[] = [];
      while (nextLaunch(progress({ tier: 'ranked', launchMediansMs })).action === 'launch') launchMediansMs.push(median());
      const { low, high } = launchInterval(launchMediansMs);
      if ((low ?? 0) <= 10 && 10 <= (high ?? 0)) covered += 1;
    }
    expect(covered / 2000).toBeGreaterThan(0.91);
  });

  it('always ends, within the maximum and one launch of the budget', () => {
    const launch = fc.record({ median: fc.double({ min: 1, max: 100, noNaN: true }), durationMs: fc.integer({ min: 1, max: 100_000 }) });
    fc.assert(
      fc.property(fc.constantFrom('smoke', 'standard', 'ranked'), fc.array(launch, { minLength: 25, maxLength: 25 }), (tier, launches) => {
        let elapsedMs = 0;
        let count = 0;
        while (nextLaunch({ tier, launchMediansMs: launches.slice(0, count).map(({ median }) => median), elapsedMs }).action === 'launch') {
          expect(elapsedMs).toBeLessThanOrEqual(TIERS[tier].budgetMs);
          elapsedMs += launches[count]?.durationMs ?? 0;
          count += 1;
        }
        expect(count).toBeLessThanOrEqual(TIERS[tier].maxLaunches);
      }),
    );
  });
});
