import type { Clock, Timer } from '../domain/ports.ts';

interface Alarm {
  readonly dueMs: number;
  readonly callback: () => void;
}

/** A clock that stands still until a test moves it. */
export class VirtualClock implements Clock {
  #nowMs = 1_000_000;
  readonly #alarms = new Set<Alarm>();

  now(): number {
    return this.#nowMs;
  }

  monotonicMs(): number {
    return this.#nowMs;
  }

  after(delayMs: number, callback: () => void): Timer {
    const alarm = { dueMs: this.#nowMs + delayMs, callback };
    this.#alarms.add(alarm);
    return { cancel: () => void this.#alarms.delete(alarm) };
  }

  /** Moves time and rings what falls due, in order; lets promises settle before, between and after. */
  async advance(byMs: number): Promise<void> {
    await settle();
    const targetMs = this.#nowMs + byMs;
    for (;;) {
      const [next] = [...this.#alarms].filter(({ dueMs }) => dueMs <= targetMs).sort((a, b) => a.dueMs - b.dueMs);
      if (next === undefined) break;
      this.#alarms.delete(next);
      this.#nowMs = Math.max(this.#nowMs, next.dueMs);
      next.callback();
      await settle();
    }
    this.#nowMs = targetMs;
    await settle();
  }
}

/** Lets every promise that is ready go on. */
export function settle(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}
