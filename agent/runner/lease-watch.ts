import { KILL_MARGIN_MS } from '../../domain/constants.ts';
import type { Clock, Timer } from '../../domain/ports.ts';

/**
 * Deadline of each lease on this machine's monotonic clock. {@link KILL_MARGIN_MS} before a lease ends unrenewed, its work is given up: from then on the
 * coordinator may hand the task, and the quiet of this host, to somebody else.
 */
export class LeaseWatch {
  readonly #clock: Clock;
  readonly #onEnding: (key: string) => void;
  readonly #leases = new Map<string, { endsMs: number; timer: Timer }>();

  constructor(clock: Clock, onEnding: (key: string) => void) {
    this.#clock = clock;
    this.#onEnding = onEnding;
  }

  /** Starts or renews. A renewal never shortens a lease: its start is estimated on the safe side, so an earlier one may promise more. */
  extend(key: string, durationMs: number, sinceMs: number): void {
    const current = this.#leases.get(key);
    const endsMs = Math.max(sinceMs + durationMs, current?.endsMs ?? 0);
    current?.timer.cancel();
    const delayMs = Math.max(0, endsMs - KILL_MARGIN_MS - this.#clock.monotonicMs());
    this.#leases.set(key, { endsMs, timer: this.#clock.after(delayMs, () => this.#end(key)) });
  }

  /** The attempt is over. */
  forget(key: string): void {
    this.#leases.get(key)?.timer.cancel();
    this.#leases.delete(key);
  }

  #end(key: string): void {
    this.forget(key);
    this.#onEnding(key);
  }
}
