import { GroveError } from '../../domain/errors.ts';
import type { TaskContext } from '../runner/stage.ts';

/** Waits before the second and every further try: a store that restarts is back by then, and a task is not lost for it. */
const PAUSES_MS = [200, 2_000, 8_000, 20_000] as const;

/** Bytes that arrived changed are sent again, as those that did not arrive. */
const CHANGED_ON_THE_WAY: ReadonlySet<string> = new Set(['digest-mismatch', 'size-mismatch']);

/**
 * Repeats a transfer that broke, or a question that the coordinator cannot answer now, after growing pauses. Throws the last failure, one that no
 * repetition changes at once, and the signal's reason.
 */
export async function withRetries<T>(context: TaskContext, what: string, work: () => Promise<T>): Promise<T> {
  for (const pauseMs of PAUSES_MS) {
    try {
      return await work();
    } catch (error) {
      context.signal.throwIfAborted();
      if (!mayPass(error)) throw error;
      context.log(`${what} broke off (${error instanceof Error ? error.message : String(error)}); trying again in ${pauseMs} ms.`);
    }
    await pause(context, pauseMs);
  }
  return await work();
}

/** Resolves after a while, earlier when the task is stopped. */
export async function pause({ clock, signal }: Pick<TaskContext, 'clock' | 'signal'>, delayMs: number): Promise<void> {
  signal.throwIfAborted();
  await new Promise<void>((resolve) => {
    const timer = clock.after(delayMs, finish);
    signal.addEventListener('abort', finish);
    function finish(): void {
      timer.cancel();
      signal.removeEventListener('abort', finish);
      resolve();
    }
  });
  signal.throwIfAborted();
}

function mayPass(error: unknown): boolean {
  return !(error instanceof GroveError) || error.spec.retryable || CHANGED_ON_THE_WAY.has(error.code);
}
