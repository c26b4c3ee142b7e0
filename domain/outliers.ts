import { median, medianAbsoluteDeviation } from './statistics.ts';

/** Fewer units than this have no spread to be outside of. */
const MIN_UNITS = 5;
/** Modified z-score from which a value is an outlier (Iglewicz and Hoaglin 1993, section 3.3). */
const MAX_SCORE = 3.5;
/** Median absolute deviation of a normal distribution in standard deviations. */
const MAD_OF_NORMAL = 0.674_489_750_196_081_7;
/** A deviation below this is none, however alike the others are: 2 %, what a measurement aims to tell apart. */
const MIN_DEVIATION = Math.log(1.02);

/**
 * Which of equal units are outside their model's spread, by the distance of their log latency from the median in median absolute deviations.
 * Latencies must be positive.
 */
export function outliers(latencies: readonly number[]): readonly boolean[] {
  if (latencies.length < MIN_UNITS) return latencies.map(() => false);
  const logs = latencies.map(Math.log);
  const middle = median(logs);
  const allowed = Math.max(MIN_DEVIATION, (MAX_SCORE * medianAbsoluteDeviation(logs)) / MAD_OF_NORMAL);
  return logs.map((log) => Math.abs(log - middle) > allowed);
}
