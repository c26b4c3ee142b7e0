import type { RunWindow, Session } from '../runtime/inference-runtime.ts';
import { windowEnded } from '../runtime/timed-runs.ts';

/** A session without a model whose runs take scripted times; its clock is the sum of them. */
export function scriptedSession(latencyMs: (run: number) => number): Session & { readonly windows: RunWindow[] } {
  let run = 0;
  const windows: RunWindow[] = [];
  return {
    windows,
    inputs: [],
    outputs: [],
    run: async () => ({}),
    timeRuns: async (_, window) => {
      windows.push(window);
      const samples: number[] = [];
      let elapsedMs = 0;
      do {
        const sample = latencyMs(run++);
        samples.push(sample);
        elapsedMs += sample;
      } while (!windowEnded(window, samples.length, elapsedMs));
      return Float64Array.from(samples);
    },
    countRuns: async () => ({ streams: 1, runs: 1, durationMs: latencyMs(run++) }),
    finishProfile: async () => undefined,
    close: async () => undefined,
  };
}
