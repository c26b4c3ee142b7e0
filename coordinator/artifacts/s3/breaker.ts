import { type GroveError, toGroveError } from '../../../domain/errors.ts';
import type { Clock } from '../../../domain/ports.ts';

/** Failures in a row after which the server counts as away. */
const FAILURES = 3;
const FIRST_REST_MS = 500;
const LONGEST_REST_MS = 4_000;

/**
 * While the server is away callers fail at once, with the reason of the last failure, instead of each waiting out its own time. After a rest one call
 * tries; when it succeeds everything goes on, else the next rest is longer.
 */
export class Breaker {
  readonly #clock: Pick<Clock, 'monotonicMs'>;
  #failures = 0;
  #closedUntilMs = 0;
  #restMs = FIRST_REST_MS;
  #last: GroveError | undefined;

  constructor(clock: Pick<Clock, 'monotonicMs'>) {
    this.#clock = clock;
  }

  /** The failure that keeps calls away now, for health reports. */
  get problem(): GroveError | undefined {
    return this.#failures >= FAILURES ? this.#last : undefined;
  }

  /** Runs `work`. Only `artifact-store-unavailable` counts as a failure of the server. */
  async run<T>(work: () => Promise<T>): Promise<T> {
    this.#admit();
    try {
      const result = await work();
      this.#failures = 0;
      this.#restMs = FIRST_REST_MS;
      return result;
    } catch (thrown) {
      const error = toGroveError(thrown);
      if (error.code === 'artifact-store-unavailable') this.#failed(error);
      else this.#failures = 0;
      throw thrown;
    }
  }

  #admit(): void {
    if (this.#failures < FAILURES || this.#last === undefined) return;
    const now = this.#clock.monotonicMs();
    if (now < this.#closedUntilMs) throw this.#last;
    // This one tries; the others wait for what it learns.
    this.#closedUntilMs = now + this.#restMs;
  }

  #failed(error: GroveError): void {
    this.#last = error;
    this.#failures += 1;
    if (this.#failures < FAILURES) return;
    if (this.#failures > FAILURES) this.#restMs = Math.min(this.#restMs * 2, LONGEST_REST_MS);
    this.#closedUntilMs = this.#clock.monotonicMs() + this.#restMs;
  }
}
