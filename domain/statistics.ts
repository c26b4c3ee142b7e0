import type { Estimate } from './report.ts';

/** Statistics of measurements: pure functions over plain numbers. All intervals are two-sided. */

/** Fewest launches that give an interval of their own; below, a pooled variance is needed (a bootstrap over three launches covers only 75 %). */
const MIN_LAUNCHES_FOR_INTERVAL = 5;

const CONFIDENCE = 0.95;

/** Variance of log launch medians known from elsewhere (a device's control recipe), with its degrees of freedom. */
export interface PooledVariance {
  readonly variance: number;
  readonly degreesOfFreedom: number;
}

/**
 * Quantile by linear interpolation between order statistics (rank (n-1)p, type 7 of Hyndman and Fan 1996): what numpy and Olive use.
 * Throws RangeError for no samples or a `p` outside 0..1.
 */
export function quantile(samples: ArrayLike<number>, p: number): number {
  return quantileOfSorted(Float64Array.from(samples).sort(), p);
}

/** {@link quantile} of samples that are already sorted upwards. */
export function quantileOfSorted(sorted: ArrayLike<number>, p: number): number {
  if (sorted.length === 0) throw new RangeError('no samples');
  if (!(p >= 0 && p <= 1)) throw new RangeError(`${p} is not a probability`);
  const rank = (sorted.length - 1) * p;
  const below = Math.floor(rank);
  const low = sorted[below] ?? Number.NaN;
  const high = sorted[Math.ceil(rank)] ?? Number.NaN;
  return low + (high - low) * (rank - below);
}

/** The middle sample, or the mean of the two middle ones. */
export function median(samples: ArrayLike<number>): number {
  return quantile(samples, 0.5);
}

/** Median absolute deviation from the median, not scaled to a normal's standard deviation. */
export function medianAbsoluteDeviation(samples: ArrayLike<number>): number {
  const middle = median(samples);
  return median(Float64Array.from(samples, (sample) => Math.abs(sample - middle)));
}

/** Arithmetic mean. Throws RangeError for no samples. */
export function mean(samples: ArrayLike<number>): number {
  if (samples.length === 0) throw new RangeError('no samples');
  let sum = 0;
  for (let i = 0; i < samples.length; i++) sum += samples[i] ?? Number.NaN;
  return sum / samples.length;
}

/** Unbiased sample variance (n-1). Throws RangeError below two samples. */
export function variance(samples: ArrayLike<number>): number {
  if (samples.length < 2) throw new RangeError('a variance needs two samples');
  const centre = mean(samples);
  return (mean(Float64Array.from(samples, (sample) => (sample - centre) ** 2)) * samples.length) / (samples.length - 1);
}

/**
 * The latency of a cell from its launches: geometric mean of the launch medians with Student's interval on their logarithms (latencies vary by
 * ratios, and launches, unlike runs within one, are independent). Under five launches the bounds are null unless a pooled variance is given.
 * Throws RangeError for no launches or a median that is not positive.
 */
export function launchInterval(launchMedians: readonly number[], pool?: PooledVariance): Estimate {
  const summary = logSummary(launchMedians, pool);
  const value = Math.exp(summary.mean);
  const half = halfWidth(summary);
  return half === undefined ? { value, low: null, high: null } : { value, low: value / Math.exp(half), high: value * Math.exp(half) };
}

/**
 * How many times the latency of `b` the latency of `a` takes, by launches that alternated: Student's interval on the log ratios of the pairs, so that what
 * disturbs both launches of a pair cancels. Bounds are null under five pairs. Throws RangeError for lists of different length, none, or no positive median.
 */
export function pairedRatio(a: readonly number[], b: readonly number[]): Estimate {
  if (a.length !== b.length) throw new RangeError(`${a.length} launches cannot be paired with ${b.length}`);
  return launchInterval(a.map((value, index) => value / (b[index] ?? Number.NaN)));
}

/** Half width of an estimate's interval relative to its value, the larger side; undefined without an interval. 0.02 is 2 %. */
export function relativeHalfWidth(estimate: Estimate): number | undefined {
  if (estimate.low === null || estimate.high === null) return undefined;
  return Math.max(estimate.high / estimate.value - 1, 1 - estimate.low / estimate.value);
}

/** Most launches that are worth naming. */
const MAX_LAUNCHES_NEEDED = 1_000;

/**
 * Launches after which the interval would be within `relative` (0.02 is 2 %) if launches go on to vary as these do; at most 1,000. Throws RangeError
 * below two launches.
 */
export function launchesNeeded(launchMedians: readonly number[], relative: number): number {
  const deviation = Math.sqrt(variance(launchMedians.map(Math.log)));
  let launches = MIN_LAUNCHES_FOR_INTERVAL;
  while (launches < MAX_LAUNCHES_NEEDED && isWide(deviation, launches, relative)) launches += 1;
  return launches;
}

function isWide(deviation: number, launches: number, relative: number): boolean {
  return (studentQuantile(0.5 + CONFIDENCE / 2, launches - 1) * deviation) / Math.sqrt(launches) > Math.log1p(relative);
}

/** Launch medians of one cell, with the variance pool of its device. */
export interface CellLaunches {
  readonly launchMedians: readonly number[];
  readonly pool?: PooledVariance;
}

/**
 * How many times the `baseline`'s latency the `candidate` takes (1.08: 8 % slower), by Welch's interval on log launch medians. Bounds are null when
 * either side has too few launches and no pool.
 */
export function latencyRatio(candidate: CellLaunches, baseline: CellLaunches): Estimate {
  return compareLatency(candidate, baseline).ratio;
}

/** How sure the logarithm of a ratio is: with this standard error it follows Student's distribution of so many degrees of freedom. */
export interface LogError {
  readonly standardError: number;
  readonly degreesOfFreedom: number;
}

/** {@link latencyRatio} with what a test of it needs; `error` is null where the interval has no bounds. */
export function compareLatency(
  candidate: CellLaunches,
  baseline: CellLaunches,
): { readonly ratio: Estimate; readonly error: LogError | null } {
  const a = logSummary(candidate.launchMedians, candidate.pool);
  const b = logSummary(baseline.launchMedians, baseline.pool);
  const value = Math.exp(a.mean - b.mean);
  if (a.squaredError === undefined || b.squaredError === undefined) return { ratio: { value, low: null, high: null }, error: null };
  const error = welch(
    { squaredError: a.squaredError, degreesOfFreedom: a.degreesOfFreedom },
    { squaredError: b.squaredError, degreesOfFreedom: b.degreesOfFreedom },
  );
  const half = error.standardError === 0 ? 0 : studentQuantile(0.5 + CONFIDENCE / 2, error.degreesOfFreedom) * error.standardError;
  return { ratio: { value, low: value / Math.exp(half), high: value * Math.exp(half) }, error };
}

/**
 * Probability of a ratio at least as large as this one if the true one were `limit` (one-sided p-value of "not more than limit times"). Without any
 * error it is 0 or 1.
 */
export function pAtMost(ratio: number, { standardError, degreesOfFreedom }: LogError, limit: number): number {
  const distance = Math.log(ratio) - Math.log(limit);
  if (standardError === 0) return distance > 0 ? 0 : 1;
  const t = distance / standardError;
  return t >= 0 ? studentTail(t, degreesOfFreedom) : 1 - studentTail(-t, degreesOfFreedom);
}

interface LogSummary {
  readonly mean: number;
  /** Squared standard error of the mean; undefined when the launches are too few. */
  readonly squaredError: number | undefined;
  readonly degreesOfFreedom: number;
}

function logSummary(launchMedians: readonly number[], pool: PooledVariance | undefined): LogSummary {
  if (launchMedians.some((value) => !(value > 0))) throw new RangeError('a launch median must be positive');
  const logs = launchMedians.map(Math.log);
  const own = logs.length >= 2 ? { variance: variance(logs), degreesOfFreedom: logs.length - 1 } : { variance: 0, degreesOfFreedom: 0 };
  // The pool stands in for launches that are missing; launches enough tell of the model itself.
  const known = pool !== undefined && logs.length < MIN_LAUNCHES_FOR_INTERVAL ? pool : { variance: 0, degreesOfFreedom: 0 };
  const degreesOfFreedom = own.degreesOfFreedom + known.degreesOfFreedom;
  const isEnough = logs.length >= MIN_LAUNCHES_FOR_INTERVAL || (pool !== undefined && degreesOfFreedom > 0);
  const pooled = (own.variance * own.degreesOfFreedom + known.variance * known.degreesOfFreedom) / degreesOfFreedom;
  return { mean: mean(logs), squaredError: isEnough ? pooled / logs.length : undefined, degreesOfFreedom };
}

function halfWidth({ squaredError, degreesOfFreedom }: LogSummary): number | undefined {
  return squaredError === undefined ? undefined : studentQuantile(0.5 + CONFIDENCE / 2, degreesOfFreedom) * Math.sqrt(squaredError);
}

type KnownError = { readonly squaredError: number; readonly degreesOfFreedom: number };

/** Degrees of freedom by Welch and Satterthwaite (Welch 1947). Two error-free sides give no error. */
function welch(a: KnownError, b: KnownError): LogError {
  const total = a.squaredError + b.squaredError;
  if (total === 0) return { standardError: 0, degreesOfFreedom: a.degreesOfFreedom + b.degreesOfFreedom };
  const degreesOfFreedom = total ** 2 / (a.squaredError ** 2 / a.degreesOfFreedom + b.squaredError ** 2 / b.degreesOfFreedom);
  return { standardError: Math.sqrt(total), degreesOfFreedom };
}

/**
 * Quantile of Student's t distribution for any positive, not necessarily whole, degrees of freedom: the distribution function (Abramowitz and
 * Stegun 26.7.1 with 26.5.27) inverted by bisection, to a relative error of about 1e-12 up to 1,000 degrees
 * and 1e-9 up to a million. Throws RangeError for arguments out of range.
 */
export function studentQuantile(p: number, degreesOfFreedom: number): number {
  if (!(p > 0 && p < 1)) throw new RangeError(`${p} is not a probability between 0 and 1`);
  if (!(degreesOfFreedom > 0)) throw new RangeError(`${degreesOfFreedom} degrees of freedom`);
  if (p < 0.5) return -studentQuantile(1 - p, degreesOfFreedom);
  let high = 1;
  while (studentTail(high, degreesOfFreedom) > 1 - p) high *= 2;
  let low = high === 1 ? 0 : high / 2;
  for (let step = 0; step < 200 && high - low > 1e-13 * high; step++) {
    const middle = (low + high) / 2;
    if (studentTail(middle, degreesOfFreedom) > 1 - p) low = middle;
    else high = middle;
  }
  return (low + high) / 2;
}

/** P(T > t) for t >= 0. */
function studentTail(t: number, degreesOfFreedom: number): number {
  return incompleteBeta(degreesOfFreedom / (degreesOfFreedom + t * t), degreesOfFreedom / 2, 0.5) / 2;
}

/** Regularised incomplete beta function I_x(a, b) by its continued fraction (DLMF 8.17.22), on the side where that converges fast. */
function incompleteBeta(x: number, a: number, b: number): number {
  if (x <= 0) return 0;
  if (x >= 1) return 1;
  const front = Math.exp(logGamma(a + b) - logGamma(a) - logGamma(b) + a * Math.log(x) + b * Math.log1p(-x));
  return x < (a + 1) / (a + b + 2) ? (front * betaFraction(x, a, b)) / a : 1 - (front * betaFraction(1 - x, b, a)) / b;
}

/** The continued fraction, evaluated by the modified Lentz algorithm (Thompson and Barnett 1986). */
function betaFraction(x: number, a: number, b: number): number {
  const tiny = 1e-300;
  const nonZero = (value: number) => (Math.abs(value) < tiny ? tiny : value);
  let c = 1;
  let d = 1 / nonZero(1 - ((a + b) * x) / (a + 1));
  let fraction = d;
  for (let m = 1; m <= 10_000; m++) {
    const even = (m * (b - m) * x) / ((a + 2 * m - 1) * (a + 2 * m));
    d = 1 / nonZero(1 + even * d);
    c = nonZero(1 + even / c);
    fraction *= d * c;
    const odd = (-(a + m) * (a + b + m) * x) / ((a + 2 * m) * (a + 2 * m + 1));
    d = 1 / nonZero(1 + odd * d);
    c = nonZero(1 + odd / c);
    fraction *= d * c;
    if (Math.abs(d * c - 1) < 1e-15) break;
  }
  return fraction;
}

/** log of the gamma function for x > 0: Stirling's series (DLMF 5.11.1) after shifting the argument above 15. */
function logGamma(x: number): number {
  let shift = 0;
  let shifted = x;
  for (; shifted < 15; shifted++) shift += Math.log(shifted);
  const inverse = 1 / shifted;
  const square = inverse * inverse;
  const series = inverse * (1 / 12 - square * (1 / 360 - square * (1 / 1260 - square * (1 / 1680 - square / 1188))));
  return (shifted - 0.5) * Math.log(shifted) - shifted + Math.log(2 * Math.PI) / 2 + series - shift;
}
