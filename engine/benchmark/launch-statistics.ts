import type { LaunchReport } from '../../domain/report.ts';
import { mean, quantileOfSorted } from '../../domain/statistics.ts';

/** Fewest samples for a p99: MLPerf's early-stopping bound at 99 % confidence. */
export const MIN_SAMPLES_FOR_P99 = 662;

/** Statistics of one launch's samples; nothing is dropped as an outlier. */
export type SampleStatistics = Pick<LaunchReport, 'sampleCount' | 'p50Ms' | 'meanMs' | 'minMs' | 'maxMs' | 'p90Ms' | 'p99Ms'>;

/** Throws RangeError for no samples. */
export function sampleStatistics(samplesMs: Float64Array): SampleStatistics {
  const sorted = samplesMs.slice().sort();
  return {
    sampleCount: samplesMs.length,
    p50Ms: quantileOfSorted(sorted, 0.5),
    meanMs: mean(samplesMs),
    minMs: quantileOfSorted(sorted, 0),
    maxMs: quantileOfSorted(sorted, 1),
    p90Ms: quantileOfSorted(sorted, 0.9),
    p99Ms: sorted.length >= MIN_SAMPLES_FOR_P99 ? quantileOfSorted(sorted, 0.99) : null,
  };
}
