import { describe, expect, it } from 'vitest';
import { createSystemClock } from './clock.ts';

describe('createSystemClock', () => {
  it('agrees with the wall clock at creation', () => {
    const clock = createSystemClock();
    expect(Math.abs(clock.now() - Date.now())).toBeLessThan(1_000);
  });

  it('never runs backwards', () => {
    const clock = createSystemClock();
    const readings = Array.from({ length: 1_000 }, () => clock.now());
    expect(readings).toEqual([...readings].sort((a, b) => a - b));
  });

  it('calls back once and not after a cancel', async () => {
    const clock = createSystemClock();
    let cancelledCalls = 0;
    clock.after(0, () => cancelledCalls++).cancel();
    // The event loop must stay alive on its own here: Grove's timers do not hold it.
    await new Promise<void>((resolve) => {
      const keepAlive = setInterval(() => {}, 1_000);
      clock.after(5, () => {
        clearInterval(keepAlive);
        resolve();
      });
    });
    expect(cancelledCalls).toBe(0);
  });
});
