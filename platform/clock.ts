import type { Clock, Timer } from '../domain/ports.ts';

/**
 * The machine's clock. `now()` is the wall time read once at creation plus monotonic time since, so that a clock set back by NTP or a person never
 * makes it run backwards. Timers do not keep the process alive.
 */
export function createSystemClock(): Clock {
  const offsetMs = Date.now() - performance.now();
  return {
    now: () => Math.round(offsetMs + performance.now()),
    monotonicMs: () => performance.now(),
    after: startTimer,
  };
}

function startTimer(delayMs: number, callback: () => void): Timer {
  const handle = setTimeout(callback, delayMs);
  handle.unref();
  return { cancel: () => clearTimeout(handle) };
}
