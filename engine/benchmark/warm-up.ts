import type { LaunchReport } from '../../domain/report.ts';
import { median } from '../../domain/statistics.ts';
import type { RunWindow, Session } from '../runtime/inference-runtime.ts';
import type { NamedTensors } from '../runtime/tensor.ts';

/** Two comparison windows whose medians differ by no more than this are stable: 2 %. */
const STABLE_DIFFERENCE = 0.02;

/**
 * Runs until latency is stable: in windows of at least `plan.minRuns` runs and half of `plan.minMs` each, until the median of a window is within
 * 2 % of the one before, or `plan.maxMs` has passed. The samples are thrown away; how it went is part of the report.
 */
export async function warmUp(session: Session, feeds: NamedTensors, plan: RunWindow): Promise<LaunchReport['warmup']> {
  const started = performance.now();
  let runs = 0;
  let previous: number | undefined;
  let isStable = false;
  for (;;) {
    const remainingMs = plan.maxMs - (performance.now() - started);
    if (isStable || remainingMs <= 0) break;
    const samples = await session.timeRuns(feeds, { minRuns: plan.minRuns, minMs: plan.minMs / 2, maxMs: remainingMs });
    runs += samples.length;
    const current = median(samples);
    isStable = samples.length >= plan.minRuns && previous !== undefined && isClose(current, previous);
    previous = current;
  }
  return { runs, durationMs: performance.now() - started, stable: isStable };
}

function isClose(current: number, previous: number): boolean {
  return Math.abs(current - previous) <= STABLE_DIFFERENCE * previous;
}
