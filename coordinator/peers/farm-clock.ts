import type { Clock, EpochMs, Timer } from '../../domain/ports.ts';

/** How often the offset is measured. */
const MEASURE_MS = 10_000;
/** The store is asked this many times; the answer with the shortest way counts. */
const SAMPLES = 3;
/** A difference beyond this is a jump of a clock and not its drift or a slow network. */
const JUMP_MS = 500;

export interface FarmClockOptions {
  /** The machine's. */
  readonly base: Clock;
  /** The store's time. */
  readTime(): Promise<EpochMs>;
  /** The store's clock and this machine's have moved against each other. */
  onJump(byMs: number): void;
  onError(error: unknown): void;
}

/**
 * Time of the whole farm: this machine's monotonic clock plus a measured offset to the store's clock, so that coordinators agree about deadlines however
 * their own clocks are set. It never runs backwards, except by a jump of the store's clock, which is reported.
 */
export class FarmClock implements Clock {
  readonly #options: FarmClockOptions;
  #offsetMs = 0;
  #latest: EpochMs = 0;
  #timer: Timer | undefined;
  #stopped = false;

  private constructor(options: FarmClockOptions) {
    this.#options = options;
  }

  /** Measures once before it answers. Throws what `readTime` throws. */
  static async start(options: FarmClockOptions): Promise<FarmClock> {
    const clock = new FarmClock(options);
    clock.#offsetMs = (await clock.#sample()).offsetMs;
    clock.#measureLater();
    return clock;
  }

  now(): EpochMs {
    this.#latest = Math.max(this.#latest, Math.round(this.#options.base.monotonicMs() + this.#offsetMs));
    return this.#latest;
  }

  monotonicMs(): number {
    return this.#options.base.monotonicMs();
  }

  after(delayMs: number, callback: () => void): Timer {
    return this.#options.base.after(delayMs, callback);
  }

  /** By how much this machine's own wall clock is ahead of the farm's, milliseconds. */
  get skewMs(): number {
    return this.#options.base.now() - Math.round(this.#options.base.monotonicMs() + this.#offsetMs);
  }

  /** Measures now: the store may be another machine than before. */
  async measure(): Promise<void> {
    const { offsetMs, uncertaintyMs } = await this.#sample();
    const byMs = offsetMs - this.#offsetMs;
    if (Math.abs(byMs) <= uncertaintyMs) return;
    this.#offsetMs = offsetMs;
    if (Math.abs(byMs) <= JUMP_MS) return;
    this.#latest = 0;
    this.#options.onJump(Math.round(byMs));
  }

  stop(): void {
    this.#stopped = true;
    this.#timer?.cancel();
  }

  #measureLater(): void {
    this.#timer = this.#options.base.after(MEASURE_MS, () => {
      void this.measure()
        .catch((error: unknown) => this.#options.onError(error))
        .finally(() => !this.#stopped && this.#measureLater());
    });
  }

  async #sample(): Promise<{ readonly offsetMs: number; readonly uncertaintyMs: number }> {
    const { base, readTime } = this.#options;
    let best = { offsetMs: 0, uncertaintyMs: Number.POSITIVE_INFINITY };
    for (let count = 0; count < SAMPLES; count++) {
      const sentMs = base.monotonicMs();
      const time = await readTime();
      const uncertaintyMs = (base.monotonicMs() - sentMs) / 2;
      // Redis' answer is cut to milliseconds: half of one is its error at best.
      if (uncertaintyMs < best.uncertaintyMs) best = { offsetMs: time - sentMs - uncertaintyMs, uncertaintyMs: uncertaintyMs + 1 };
    }
    return best;
  }
}
