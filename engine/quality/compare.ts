import type { Quality } from '../../domain/report.ts';
import { mean } from '../../domain/statistics.ts';

type Measured = Extract<Quality, { state: 'measured' }>;

/** Stands for the difference of a value that is not finite, which JSON cannot hold: the largest float32. */
export const NOT_FINITE_DIFFERENCE = 3.4028234663852886e38;

/** Output 0 of one batch beside its reference, widened to float32. */
export interface OutputPair {
  readonly dims: readonly number[];
  readonly actual: Float32Array;
  readonly expected: Float32Array;
  /** The attention mask, [batch, sequence], when the inputs have one. */
  readonly mask: ArrayLike<number | bigint> | undefined;
}

/** Everything the report says of outputs, without the bound. */
export type Comparison = Pick<Measured, 'rows' | 'cosineMean' | 'cosineMin' | 'cosinePooled' | 'sqnrDb' | 'maxAbsDifference' | 'logit'>;

/**
 * Collects how far outputs are from their reference, row by row. A row with a value that is not finite has cosine 0 and the difference
 * {@link NOT_FINITE_DIFFERENCE}. Outputs with one value a row (a ranker's score) have no direction of their own: their cosine is that of the
 * column over all rows, and {@link scoreAgreement} judges them.
 */
export class OutputComparison {
  readonly #isClassifier: boolean;
  readonly #cosines: number[] = [];
  readonly #pooledCosines: number[] = [];
  readonly #scores: { readonly actual: number[]; readonly expected: number[] } = { actual: [], expected: [] };
  #signal = 0;
  #noise = 0;
  #maxAbs = 0;
  #sumAbs = 0;
  #values = 0;
  #sameTop = 0;
  #labels: number | undefined;

  /** @param isClassifier whether output 0 holds logits of shape [batch, labels]. */
  constructor(isClassifier: boolean) {
    this.#isClassifier = isClassifier;
  }

  add(pair: OutputPair): void {
    const rows = pair.dims[0] ?? 1;
    const width = pair.actual.length / rows;
    for (let row = 0; row < rows; row++) {
      const actual = pair.actual.subarray(row * width, (row + 1) * width);
      const expected = pair.expected.subarray(row * width, (row + 1) * width);
      this.#addRow(actual, expected);
      this.#addPooled(pair, row, { actual, expected });
    }
    if (this.#isClassifier && pair.dims.length === 2) this.#labels = width;
  }

  /** Throws RangeError when no row was added. */
  finish(): Comparison {
    if (this.#cosines.length === 0) throw new RangeError('no row was compared');
    const isColumn = this.#values === this.#cosines.length;
    const cosines = isColumn ? [cosine(this.#scores.actual, this.#scores.expected)] : this.#cosines;
    return {
      rows: this.#cosines.length,
      cosineMean: mean(cosines),
      cosineMin: cosines.reduce((least, value) => Math.min(least, value), 1),
      cosinePooled: this.#pooledCosines.length > 0 ? mean(this.#pooledCosines) : null,
      sqnrDb: this.#noise > 0 && Number.isFinite(this.#noise) && this.#signal > 0 ? 10 * Math.log10(this.#signal / this.#noise) : null,
      maxAbsDifference: this.#maxAbs,
      logit: this.#logit(),
    };
  }

  #addRow(actual: Float32Array, expected: Float32Array): void {
    this.#cosines.push(cosine(actual, expected));
    if (actual.length === 1) {
      this.#scores.actual.push(actual[0] ?? 0);
      this.#scores.expected.push(expected[0] ?? 0);
    }
    for (let i = 0; i < actual.length; i++) {
      const difference = Math.abs((actual[i] ?? 0) - (expected[i] ?? 0));
      const counted = Number.isFinite(difference) ? difference : NOT_FINITE_DIFFERENCE;
      this.#signal += (expected[i] ?? 0) ** 2;
      this.#noise += counted ** 2;
      this.#sumAbs += counted;
      this.#maxAbs = Math.max(this.#maxAbs, counted);
    }
    this.#values += actual.length;
    if (argMax(actual) === argMax(expected)) this.#sameTop += 1;
  }

  #addPooled({ dims, mask }: OutputPair, row: number, values: { readonly actual: Float32Array; readonly expected: Float32Array }): void {
    const [rows = 0, length = 0] = dims;
    if (dims.length !== 3 || (mask !== undefined && mask.length !== rows * length)) return;
    const weights = Float64Array.from({ length }, (_, i) => Number(mask?.[row * length + i] ?? 1));
    this.#pooledCosines.push(cosine(meanPool(values.actual, weights), meanPool(values.expected, weights)));
  }

  #logit(): Comparison['logit'] {
    if (this.#labels === undefined) return null;
    const isColumn = this.#labels === 1;
    return {
      meanAbs: Math.min(this.#sumAbs / this.#values, NOT_FINITE_DIFFERENCE),
      maxAbs: this.#maxAbs,
      top1Agreement: isColumn ? null : this.#sameTop / this.#cosines.length,
      agreement: isColumn ? scoreAgreement(this.#scores.actual, this.#scores.expected) : null,
    };
  }
}

/** Cosine of the angle between two vectors of one length: 1 for two zero vectors, 0 for one, and 0 when a value is not finite. */
export function cosine(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let dot = 0;
  let aa = 0;
  let bb = 0;
  for (let i = 0; i < a.length; i++) {
    const x = a[i] ?? 0;
    const y = b[i] ?? 0;
    dot += x * y;
    aa += x * x;
    bb += y * y;
  }
  if (aa === 0 && bb === 0) return 1;
  const value = dot / Math.sqrt(aa * bb);
  return Number.isFinite(value) ? Math.max(-1, Math.min(1, value)) : 0;
}

/**
 * When no score is off by more than this share of their size, the error is taken against their size; so it is for a single score, which has no order. Single sentences get almost one score from a
 * cross-encoder (spread 0.012 about -5.8, measured), and the rounding of float16 (0.0016) is then large against the spread and harmless all the same.
 */
const CLOSE = 5e-3;

/**
 * How well scores agree with their reference, on the scale of a cosine: 1 - e/2, where e is the energy of the error over the energy of the reference
 * about its mean. For a small error perpendicular to a vector 1 - e/2 is the cosine itself, so one bound serves both; unlike the cosine of the column it
 * sees a shift, a shrink, a constant and a reversed order. At least -1; 0 when a value is not finite.
 */
export function scoreAgreement(actual: readonly number[], expected: readonly number[]): number {
  const center = mean(expected);
  const size = mean(expected.map((value) => value ** 2));
  const spread = mean(expected.map((value) => (value - center) ** 2));
  const error = mean(expected.map((value, row) => ((actual[row] ?? Number.NaN) - value) ** 2));
  if (error === 0) return 1;
  const largest = Math.max(...expected.map((value, row) => Math.abs((actual[row] ?? Number.NaN) - value)));
  const energy = expected.length > 1 && largest > CLOSE * Math.sqrt(size) ? spread : size;
  const agreement = 1 - error / energy / 2;
  if (energy === 0) return -1;
  return Number.isFinite(agreement) ? Math.max(-1, agreement) : 0;
}

/** Mean over the sequence of a [sequence, hidden] row, weighted by the mask; zeros when the mask is empty, as sentence encoders do it. */
export function meanPool(row: Float32Array, weights: Float64Array): Float64Array {
  const hidden = row.length / weights.length;
  const pooled = new Float64Array(hidden);
  const total = Math.max(
    weights.reduce((sum, weight) => sum + weight, 0),
    1e-9,
  );
  for (let token = 0; token < weights.length; token++) {
    const weight = (weights[token] ?? 0) / total;
    if (weight === 0) continue;
    for (let i = 0; i < hidden; i++) pooled[i] = (pooled[i] ?? 0) + weight * (row[token * hidden + i] ?? 0);
  }
  return pooled;
}

function argMax(values: Float32Array): number {
  let best = 0;
  for (let i = 1; i < values.length; i++) if ((values[i] ?? 0) > (values[best] ?? 0)) best = i;
  return best;
}
