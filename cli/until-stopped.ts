/** A process part that runs until told to stop. */
export interface Stoppable {
  stop(reason: string): Promise<void>;
  readonly done: Promise<unknown>;
}

/** Waits until `part` ends by itself or the user interrupts; then stops it in an orderly way. */
export async function untilStopped(part: Stoppable, interrupted: AbortSignal): Promise<void> {
  const stop = () => void part.stop('interrupted');
  if (interrupted.aborted) stop();
  interrupted.addEventListener('abort', stop, { once: true });
  await part.done;
  interrupted.removeEventListener('abort', stop);
}
