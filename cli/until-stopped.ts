/** A process part that runs until told to stop. */
export interface Stoppable {
  stop(reason: string): Promise<void>;
  readonly done: Promise<unknown>;
}

/** Waits until `part` ends by itself or the user interrupts; then stops it in an orderly way. Throws what that stop throws. */
export async function untilStopped(part: Stoppable, interrupted: AbortSignal): Promise<void> {
  let stop = () => {};
  const stopped = new Promise<void>((resolve, reject) => {
    stop = () => void part.stop('interrupted').then(resolve, reject);
    interrupted.addEventListener('abort', stop, { once: true });
    if (interrupted.aborted) stop();
  });
  try {
    await Promise.race([part.done, stopped]);
  } finally {
    interrupted.removeEventListener('abort', stop);
  }
}
