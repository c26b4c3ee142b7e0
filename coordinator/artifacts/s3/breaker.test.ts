import { describe, expect, it } from 'vitest';
import { GroveError } from '../../../domain/errors.ts';
import { Breaker } from './breaker.ts';

const away = new GroveError('artifact-store-unavailable', { doing: 'read', problem: 'nobody answers' });

describe('a breaker', () => {
  function setUp() {
    const clock = { nowMs: 0, monotonicMs: () => clock.nowMs };
    const breaker = new Breaker(clock);
    let calls = 0;
    const call = (outcome: GroveError | 'fine'): Promise<string> =>
      breaker
        .run(async () => {
          calls += 1;
          if (outcome !== 'fine') throw outcome;
          return outcome;
        })
        .catch((error: GroveError) => error.code);
    return { clock, breaker, call, calls: () => calls };
  }

  it('stops asking after three failures in a row, with their reason', async () => {
    const { breaker, call, calls } = setUp();
    for (let times = 0; times < 10; times++) expect(await call(away)).toBe('artifact-store-unavailable');
    expect(calls()).toBe(3);
    expect(breaker.problem).toBe(away);
  });

  it('lets one try after a rest, each longer than the last up to a limit, and closes when it succeeds', async () => {
    const { clock, breaker, call, calls } = setUp();
    for (let times = 0; times < 3; times++) await call(away);
    const rests: number[] = [];
    for (let tries = 4; tries < 10; tries++) {
      const since = clock.nowMs;
      while (calls() < tries) {
        clock.nowMs += 100;
        await Promise.all([call(away), call(away)]);
      }
      rests.push(clock.nowMs - since);
    }
    expect(rests).toEqual([500, 1_000, 2_000, 4_000, 4_000, 4_000]);
    clock.nowMs += 4_000;
    expect(await call('fine')).toBe('fine');
    expect(breaker.problem).toBeUndefined();
    expect(await call(away)).toBe('artifact-store-unavailable');
    expect(await call('fine')).toBe('fine');
  });

  it('does not count what the server refuses', async () => {
    const { breaker, call, calls } = setUp();
    const refused = new GroveError('artifact-store-refused', { doing: 'read', problem: 'wrong key' });
    for (let times = 0; times < 5; times++) await call(refused);
    expect([calls(), breaker.problem]).toEqual([5, undefined]);
  });
});
