/** The value below which a share `q` (0 to 1) of the samples lies: the smallest sample with at least that many at or below it. Throws without samples. */
export function quantile(samples: readonly number[], q: number): number {
  const sorted = [...samples].sort((a, b) => a - b);
  const value = sorted[Math.max(0, Math.ceil(q * sorted.length) - 1)];
  if (value === undefined) throw new Error('no samples');
  return value;
}

/** Middle sample, or the mean of the two middle ones. Throws without samples. */
export function median(samples: readonly number[]): number {
  const half = quantile(samples, 0.5);
  return samples.length % 2 === 1 ? half : (half + quantile(samples, 0.5 + 1 / samples.length)) / 2;
}

/** Least and greatest sample. */
export interface Range {
  readonly low: number;
  readonly high: number;
}

export function rangeOf(samples: readonly number[]): Range {
  return { low: Math.min(...samples), high: Math.max(...samples) };
}

/**
 * Events per second between the first and the last tenth of them: starting up and running dry are not the rate. Instants in milliseconds, in any order.
 */
export function steadyRate(instantsMs: readonly number[]): number {
  const sorted = [...instantsMs].sort((a, b) => a - b);
  const from = Math.floor(sorted.length * 0.1);
  const to = Math.ceil(sorted.length * 0.9) - 1;
  const spanMs = (sorted[to] ?? 0) - (sorted[from] ?? 0);
  return spanMs > 0 ? ((to - from) / spanMs) * 1_000 : 0;
}

/** The smallest of `values` that at least 95 % of them do not exceed. */
export function percentile95(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.ceil(values.length * 0.95) - 1] ?? Number.NaN;
}
