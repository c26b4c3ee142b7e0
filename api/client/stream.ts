import { GroveError } from '../../domain/errors.ts';
import { Backoff } from './backoff.ts';

/** Decides whether a stream that broke is opened again, and waits before it is. */
export class Reconnector {
  readonly #backoff: Backoff;
  readonly #patienceMs: number;
  #reached = false;
  #failingSinceMs: number | undefined;

  constructor({ retryDelayMs, patienceMs }: { readonly retryDelayMs: number; readonly patienceMs: number }) {
    this.#backoff = new Backoff(retryDelayMs);
    this.#patienceMs = patienceMs;
  }

  /** The farm answered. */
  contact(): void {
    this.#backoff.reset();
    this.#reached = true;
    this.#failingSinceMs = undefined;
  }

  /**
   * Waits before the next attempt. Throws `error` instead when the farm understood the request and refused it, when it was never reached, or when it
   * has been away for longer than the client's patience (a restart takes seconds).
   */
  async afterFailure(error: unknown, signal: AbortSignal | undefined): Promise<void> {
    if (signal?.aborted === true) return;
    if (isRefusal(error)) throw error;
    this.#failingSinceMs ??= performance.now();
    if (!this.#reached || performance.now() - this.#failingSinceMs > this.#patienceMs) throw error;
    await this.#backoff.wait(signal);
  }

  /** The stream ended in good order; the next one is opened after a short wait. */
  async afterEnd(signal: AbortSignal | undefined): Promise<void> {
    await this.#backoff.wait(signal);
  }
}

function isRefusal(error: unknown): boolean {
  return error instanceof GroveError && !error.spec.retryable && error.code !== 'not-running' && error.code !== 'internal';
}

/** The same chunks; throws when none arrives for `silenceMs`. */
export async function* endWhenSilent(
  body: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  silenceMs: number,
): AsyncGenerator<Uint8Array> {
  const chunks = toAsync(body);
  try {
    for (;;) {
      const next = await withTimeout(chunks.next(), silenceMs);
      if (next.done === true) return;
      yield next.value;
    }
  } finally {
    // Not awaited: the source may be waiting for bytes that never come; its owner aborts the request.
    void chunks.return(undefined).catch(() => undefined);
  }
}

async function* toAsync(body: AsyncIterable<Uint8Array> | Iterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  yield* body;
}

function withTimeout<T>(promise: Promise<T>, timeoutMs: number): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`nothing received for ${timeoutMs} ms`)), timeoutMs);
    promise.then(resolve, reject).finally(() => clearTimeout(timer));
  });
}
