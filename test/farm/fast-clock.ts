import type { Clock } from '../../domain/ports.ts';
import { createSystemClock } from '../../platform/clock.ts';

/** A clock on which everything takes a `factor`-th of its time: leases of 30 s run out while a test waits. */
export function createFastClock(factor: number): Clock {
  const real = createSystemClock();
  const start = real.monotonicMs();
  const epoch = real.now();
  const elapsed = (): number => (real.monotonicMs() - start) * factor;
  return {
    now: () => Math.round(epoch + elapsed()),
    monotonicMs: elapsed,
    after: (delayMs, callback) => real.after(delayMs / factor, callback),
  };
}
