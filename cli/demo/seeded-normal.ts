/** Seeded random numbers for synthetic weights: the same seed gives the same bytes on every machine. Not for anything secret. */

/** Uniform 32-bit integers by the mulberry32 recurrence. */
export function seededUint32(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return (mixed ^ (mixed >>> 14)) >>> 0;
  };
}

const TABLE_SIZE = 1 << 16;

/**
 * Fills `target` with normal(0, deviation) values. Draws from a table of 65,536 exact normal quantiles: its rounding is far below what fp16 keeps, and
 * a 90 MB checkpoint takes a fraction of the time that a logarithm and a cosine per value take.
 */
export function fillNormal(target: Float32Array, deviation: number, next: () => number): void {
  const table = quantileTable();
  for (let index = 0; index < target.length; index += 2) {
    const bits = next();
    target[index] = (table[bits & 0xffff] ?? 0) * deviation;
    if (index + 1 < target.length) target[index + 1] = (table[bits >>> 16] ?? 0) * deviation;
  }
}

let cachedTable: Float64Array | undefined;

function quantileTable(): Float64Array {
  cachedTable ??= Float64Array.from({ length: TABLE_SIZE }, (_, index) => normalQuantile((index + 0.5) / TABLE_SIZE));
  return cachedTable;
}

/** Normal quantile by bisection on the error function's complement; slow and exact enough (1e-9) for a table made once. */
function normalQuantile(probability: number): number {
  if (probability > 0.5) return -normalQuantile(1 - probability);
  let low = -6;
  let high = 0;
  while (high - low > 1e-9) {
    const middle = (low + high) / 2;
    if (normalCumulative(middle) < probability) low = middle;
    else high = middle;
  }
  return (low + high) / 2;
}

/** Cumulative normal for x <= 0: series for small |x|, continued fraction for the tail (Abramowitz and Stegun 26.2.11 and 26.2.14). */
function normalCumulative(x: number): number {
  const density = Math.exp((-x * x) / 2) / Math.sqrt(2 * Math.PI);
  if (x > -3) {
    let term = x;
    let sum = x;
    for (let n = 1; n < 60; n++) {
      term *= (x * x) / (2 * n + 1);
      sum += term;
    }
    return 0.5 + density * sum;
  }
  let fraction = -x;
  for (let n = 40; n >= 1; n--) fraction = -x + n / fraction;
  return density / fraction;
}
