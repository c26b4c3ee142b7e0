import { GroveError } from '../../domain/errors.ts';

/** Whether a stream should not be opened again: the farm understood the request and refused it. */
export function isFinal(error: unknown): boolean {
  return error instanceof GroveError && !error.spec.retryable && error.code !== 'internal';
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
