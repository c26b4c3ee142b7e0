/** Delays between attempts at the same thing: doubling, with jitter so that many clients do not return at once. */
export class Backoff {
  readonly #firstMs: number;
  #attempt = 0;

  constructor(firstMs: number) {
    this.#firstMs = firstMs;
  }

  /** Begins again with the first delay: something worked. */
  reset(): void {
    this.#attempt = 0;
  }

  /** Resolves after the next delay, or at once when `signal` aborts. */
  async wait(signal?: AbortSignal): Promise<void> {
    const ceiling = Math.min(this.#firstMs * 2 ** this.#attempt, this.#firstMs * 10);
    this.#attempt += 1;
    await pause(ceiling * (0.5 + Math.random() / 2), signal);
  }
}

function pause(delayMs: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve) => {
    if (signal?.aborted === true) {
      resolve();
      return;
    }
    const finish = () => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', finish);
      resolve();
    };
    const timer = setTimeout(finish, delayMs);
    signal?.addEventListener('abort', finish);
  });
}
