import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { earliestStart, type Server } from './earliest-start.ts';

const ms = fc.integer({ min: 0, max: 1_000_000 });
const server = fc.record({ freeMs: ms, taskMs: fc.option(ms, { nil: undefined, freq: 8 }) });
const servers = fc.array(server, { minLength: 1, maxLength: 8 });
const ahead = fc.integer({ min: 0, max: 60 });

/** Each task in turn goes to the place that is free first. */
function simulate(places: readonly Server[], count: number): number | undefined {
  const free: number[] = places.map(({ freeMs }) => freeMs);
  for (let done = 0; ; done += 1) {
    const next = free.reduce((best, time, index) => (time < (free[best] ?? 0) ? index : best), 0);
    const startMs = free[next] ?? Number.POSITIVE_INFINITY;
    if (!Number.isFinite(startMs)) return undefined;
    if (done === count) return startMs;
    free[next] = startMs + (places[next]?.taskMs ?? Number.POSITIVE_INFINITY);
  }
}

describe('the earliest start', () => {
  it('is exact for a single host whose durations are known', () => {
    fc.assert(
      fc.property(ms, ms, fc.integer({ min: 0, max: 1_000_000 }), (freeMs, taskMs, count) => {
        expect(earliestStart([{ freeMs, taskMs }], count)?.startMs).toBe(freeMs + count * taskMs);
      }),
    );
  });

  it('is that of tasks which go where a place is free first', () => {
    fc.assert(
      fc.property(servers, ahead, (places, count) => {
        expect(earliestStart(places, count)?.startMs).toBe(simulate(places, count));
      }),
    );
  });

  it('is never negative and never earlier when more is ahead, a host is busy for longer, or tasks take longer', () => {
    fc.assert(
      fc.property(servers, ahead, ms, fc.nat(), (places, count, moreMs, pick) => {
        const start = (list: readonly Server[], n: number) => earliestStart(list, n)?.startMs ?? Number.POSITIVE_INFINITY;
        const at = pick % places.length;
        const changed = (change: (one: Server) => Server) => places.map((one, index) => (index === at ? change(one) : one));
        const first = start(places, count);
        expect(first).toBeGreaterThanOrEqual(0);
        expect(start(places, count + 1)).toBeGreaterThanOrEqual(first);
        expect(
          start(
            changed((one) => ({ ...one, freeMs: one.freeMs + moreMs })),
            count,
          ),
        ).toBeGreaterThanOrEqual(first);
        const slower = changed((one) => ({ ...one, taskMs: one.taskMs === undefined ? undefined : one.taskMs + moreMs }));
        expect(start(slower, count)).toBeGreaterThanOrEqual(first);
        expect(start([...places, { freeMs: moreMs, taskMs: moreMs }], count)).toBeLessThanOrEqual(first);
      }),
    );
  });

  it('is unknown without a place, and behind tasks of which nobody knows how long they take', () => {
    expect(earliestStart([], 0)).toBeUndefined();
    expect(earliestStart([{ freeMs: 5, taskMs: undefined }], 1)).toBeUndefined();
    expect(earliestStart([{ freeMs: 5, taskMs: undefined }], 0)?.startMs).toBe(5);
  });
});
