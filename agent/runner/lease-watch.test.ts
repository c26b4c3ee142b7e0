import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { KILL_MARGIN_MS } from '../../domain/constants.ts';
import { VirtualClock } from '../virtual-clock.cases.ts';
import { LeaseWatch } from './lease-watch.ts';

function watched(): { readonly clock: VirtualClock; readonly leases: LeaseWatch; readonly ended: string[] } {
  const clock = new VirtualClock();
  const ended: string[] = [];
  return { clock, ended, leases: new LeaseWatch(clock, (key) => ended.push(key)) };
}

describe('LeaseWatch', () => {
  it('gives work up before its lease ends, not at the end', async () => {
    const { clock, leases, ended } = watched();
    leases.extend('a', 30_000, clock.monotonicMs());
    await clock.advance(30_000 - KILL_MARGIN_MS - 1);
    expect(ended).toEqual([]);
    await clock.advance(1);
    expect(ended).toEqual(['a']);
  });

  it('counts a renewal from when it was asked for', async () => {
    const { clock, leases, ended } = watched();
    const askedMs = clock.monotonicMs();
    await clock.advance(10_000);
    leases.extend('a', 30_000, askedMs);
    await clock.advance(20_000 - KILL_MARGIN_MS);
    expect(ended).toEqual(['a']);
  });

  it('forgets an attempt that is over', async () => {
    const { clock, leases, ended } = watched();
    leases.extend('a', 30_000, clock.monotonicMs());
    leases.forget('a');
    await clock.advance(60_000);
    expect(ended).toEqual([]);
  });

  it('never lets work go on past the longest promise, whatever the order of renewals', async () => {
    const renewal = fc.record({
      waitMs: fc.nat({ max: 8_000 }),
      durationMs: fc.integer({ min: 1, max: 30_000 }),
      ageMs: fc.nat({ max: 5_000 }),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(renewal, { minLength: 1, maxLength: 8 }), async (renewals) => {
        const { clock, leases, ended } = watched();
        let promisedMs = 0;
        for (const { waitMs, durationMs, ageMs } of renewals) {
          await clock.advance(waitMs);
          if (ended.length > 0) break;
          const sinceMs = clock.monotonicMs() - ageMs;
          promisedMs = Math.max(promisedMs, sinceMs + durationMs);
          leases.extend('a', durationMs, sinceMs);
        }
        await clock.advance(Math.max(0, promisedMs - KILL_MARGIN_MS - clock.monotonicMs()));
        expect(ended).toEqual(['a']);
      }),
      { numRuns: 50 },
    );
  });
});
