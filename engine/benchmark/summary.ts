import type { BenchmarkReport } from '../../domain/report.ts';
import { launchInterval, mean } from '../../domain/statistics.ts';
import { type LaunchProgress, verdict } from './next-launch.ts';
import type { LaunchResult } from './run-launch.ts';

/** The numbers of a cell, as the benchmark report holds them. */
export type LaunchSummary = Pick<BenchmarkReport, 'p50Ms' | 'verdict' | 'throughputPerSecond' | 'concurrent'>;

/**
 * Sums up the launches of one benchmark. Throughput is inferences (rows) per second of the closed loop with one request in flight: rows of a run over
 * the mean latency. Throws RangeError for no launches.
 */
export function summarizeLaunches(results: readonly LaunchResult[], progress: Omit<LaunchProgress, 'launchMediansMs'>): LaunchSummary {
  const launchMediansMs = results.map(({ report }) => report.p50Ms);
  const meanMs = mean(results.map(({ report }) => report.meanMs));
  const rows = results[0]?.rowsPerRun ?? 1;
  return {
    p50Ms: launchInterval(launchMediansMs, progress.pool),
    verdict: verdict({ ...progress, launchMediansMs }),
    throughputPerSecond: (rows * 1000) / meanMs,
  };
}
