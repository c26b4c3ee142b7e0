import type { Estimate } from '../../domain/report.ts';
import { median } from '../../domain/statistics.ts';

/** Two-sided 95 %. */
const NORMAL_QUANTILE = 1.959_964;

/**
 * The ratio that paired log ratios centre on: the median of their pairwise means, with the interval of Wilcoxon's signed-rank test inverted (Hodges and
 * Lehmann 1963; normal approximation, good from 20 pairs on). A pair that a neighbour on the machine disturbed counts as one of extreme rank, whatever
 * its size. Bounds are null below 20 pairs.
 */
export function signedRankRatio(logRatios: readonly number[]): Estimate {
  const means = pairwiseMeans(logRatios);
  const value = Math.exp(median(means));
  const count = logRatios.length;
  if (count < 20) return { value, low: null, high: null };
  const rank = Math.floor((count * (count + 1)) / 4 - NORMAL_QUANTILE * Math.sqrt((count * (count + 1) * (2 * count + 1)) / 24));
  return { value, low: Math.exp(means[rank - 1] ?? Number.NaN), high: Math.exp(means[means.length - rank] ?? Number.NaN) };
}

/** Sorted upwards. */
function pairwiseMeans(values: readonly number[]): Float64Array {
  const means = new Float64Array((values.length * (values.length + 1)) / 2);
  let index = 0;
  for (let i = 0; i < values.length; i++)
    for (let j = i; j < values.length; j++) means[index++] = ((values[i] ?? 0) + (values[j] ?? 0)) / 2;
  return means.sort();
}
