import { expect, it } from 'vitest';
import { VirtualClock } from '../../agent/virtual-clock.cases.ts';
import { FarmClock } from './farm-clock.ts';

const AHEAD_MS = 3_600_000;

/** A farm whose store's clock is `aheadMs` ahead of this machine's, however that changes. */
async function start(aheadMs = AHEAD_MS) {
  const base = new VirtualClock();
  const store = { aheadMs };
  const jumps: number[] = [];
  const epochMs = base.now() - base.monotonicMs();
  const clock = await FarmClock.start({
    base,
    readTime: async () => epochMs + base.monotonicMs() + store.aheadMs,
    onJump: (byMs) => jumps.push(byMs),
    onError: (error) => {
      throw error;
    },
  });
  return { base, clock, store, jumps };
}

it("tells the store's time, whatever this machine's clock says", async () => {
  const { base, clock } = await start();
  await base.advance(60_000);
  expect(clock.now() - base.now()).toBe(AHEAD_MS);
  expect(clock.skewMs).toBe(-AHEAD_MS);
  clock.stop();
});

it('follows drift without running backwards', async () => {
  const { base, clock, store, jumps } = await start();
  const before = clock.now();
  store.aheadMs -= 100;
  await clock.measure();
  expect(clock.now()).toBe(before);
  await base.advance(300);
  expect(clock.now()).toBe(before + 200);
  expect(jumps).toEqual([]);
  clock.stop();
});

it("follows a jump of the store's clock in either direction and reports it", async () => {
  const { base, clock, store, jumps } = await start();
  store.aheadMs -= AHEAD_MS;
  await clock.measure();
  expect(clock.now()).toBe(base.now());
  store.aheadMs += 5_000;
  await base.advance(11_000);
  expect(clock.now() - base.now()).toBe(5_000);
  expect(jumps).toEqual([-AHEAD_MS, 5_000]);
  clock.stop();
});
