import type { ConcurrentRuns, RunWindow } from './inference-runtime.ts';

/** Whether a block of timed runs is over, by count and time only: no sample can end it. */
export function windowEnded(window: RunWindow, runs: number, elapsedMs: number): boolean {
  return elapsedMs >= window.maxMs || (runs >= window.minRuns && elapsedMs >= window.minMs);
}

/** A growing list of samples without a boxed array: a ranked launch may hold millions. */
class SampleBuffer {
  #samples = new Float64Array(4096);
  #count = 0;

  get count(): number {
    return this.#count;
  }

  push(sample: number): void {
    if (this.#count === this.#samples.length) {
      const larger = new Float64Array(this.#samples.length * 2);
      larger.set(this.#samples);
      this.#samples = larger;
    }
    this.#samples[this.#count] = sample;
    this.#count += 1;
  }

  /** The samples so far, copied. */
  toArray(): Float64Array {
    return this.#samples.slice(0, this.#count);
  }
}

/**
 * Keeps each of the runs in flight again and again until the window ends. All have come to rest when this returns or throws what the first of them threw.
 */
export async function countConcurrentRuns(streams: readonly (() => Promise<unknown>)[], window: RunWindow): Promise<ConcurrentRuns> {
  const started = performance.now();
  let [runs, hasFailed] = [0, false];
  const keepRunning = async (run: () => Promise<unknown>) => {
    try {
      do {
        await run();
        runs += 1;
      } while (!hasFailed && !windowEnded(window, runs, performance.now() - started));
    } catch (cause) {
      hasFailed = true;
      throw cause;
    }
  };
  const ends = await Promise.allSettled(streams.map(keepRunning));
  for (const end of ends) if (end.status === 'rejected') throw end.reason;
  return { streams: streams.length, runs, durationMs: performance.now() - started };
}

/** The measured loop for adapters whose runs are asynchronous. At least one run, in milliseconds of the process's monotonic clock. */
export async function timeAsyncRuns(run: () => Promise<unknown>, window: RunWindow): Promise<Float64Array> {
  const samples = new SampleBuffer();
  const started = performance.now();
  let before = started;
  do {
    before = performance.now();
    await run();
    samples.push(performance.now() - before);
  } while (!windowEnded(window, samples.count, performance.now() - started));
  return samples.toArray();
}

/** The measured loop for adapters with synchronous runs: nothing but the call between the two readings of the clock. At least one run. */
export function timeSyncRuns(run: () => void, window: RunWindow): Float64Array {
  const samples = new SampleBuffer();
  const started = performance.now();
  let after = started;
  do {
    const before = performance.now();
    run();
    after = performance.now();
    samples.push(after - before);
  } while (!windowEnded(window, samples.count, after - started));
  return samples.toArray();
}
