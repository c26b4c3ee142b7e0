import type { Quality } from '../../domain/report.ts';
import { mean } from '../../domain/statistics.ts';
import { NOT_FINITE_DIFFERENCE, type OutputPair } from './similarity.ts';

type Logit = NonNullable<Extract<Quality, { state: 'measured' }>['logit']>;

/** Collects the logits of a classifier, [batch, labels], beside their reference. One label is a ranker's score. */
export class LogitComparison {
  /** Scores of every row, when there is one label. */
  readonly scores: { readonly actual: number[]; readonly expected: number[] } = { actual: [], expected: [] };
  /** Best label of every row. */
  readonly classes: { readonly actual: number[]; readonly expected: number[] } = { actual: [], expected: [] };
  #labels = 0;
  #values = 0;
  #sumAbs = 0;
  #maxAbs = 0;

  /** Labels of a row; 0 before the first. */
  get labels(): number {
    return this.#labels;
  }

  /** Outputs of another shape than [batch, labels] are left out. */
  add({ dims, actual, expected }: OutputPair): void {
    const [rows = 0, labels = 0] = dims;
    if (dims.length !== 2) return;
    this.#labels = labels;
    for (let row = 0; row < rows; row++) {
      const [a, b] = [actual, expected].map((values) => values.subarray(row * labels, (row + 1) * labels));
      if (a !== undefined && b !== undefined) this.#addRow(a, b);
    }
  }

  /** Null when there were no logits. */
  finish(): Logit | null {
    if (this.#values === 0) return null;
    const isColumn = this.#labels === 1;
    const sameTop = this.classes.actual.filter((best, row) => best === this.classes.expected[row]).length;
    return {
      meanAbs: Math.min(this.#sumAbs / this.#values, NOT_FINITE_DIFFERENCE),
      maxAbs: this.#maxAbs,
      top1Agreement: isColumn ? null : sameTop / this.classes.actual.length,
      agreement: isColumn ? scoreAgreement(this.scores.actual, this.scores.expected) : null,
    };
  }

  #addRow(actual: Float32Array, expected: Float32Array): void {
    for (const [i, value] of actual.entries()) {
      const difference = Math.abs(value - (expected[i] ?? 0));
      const counted = Number.isFinite(difference) ? difference : NOT_FINITE_DIFFERENCE;
      this.#sumAbs += counted;
      this.#maxAbs = Math.max(this.#maxAbs, counted);
    }
    this.#values += actual.length;
    this.classes.actual.push(argMax(actual));
    this.classes.expected.push(argMax(expected));
    if (actual.length !== 1) return;
    this.scores.actual.push(actual[0] ?? 0);
    this.scores.expected.push(expected[0] ?? 0);
  }
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
  const errors = expected.map((value, row) => Math.abs((actual[row] ?? Number.NaN) - value));
  const error = mean(errors.map((value) => value ** 2));
  if (error === 0) return 1;
  const largest = errors.reduce((most, value) => Math.max(most, value), 0);
  const energy = expected.length > 1 && largest > CLOSE * Math.sqrt(size) ? spread : size;
  const agreement = 1 - error / energy / 2;
  if (energy === 0) return -1;
  return Number.isFinite(agreement) ? Math.max(-1, agreement) : 0;
}

/** Index of the largest value, the first of equal ones. */
function argMax(values: Float32Array): number {
  let best = 0;
  for (let i = 1; i < values.length; i++) if ((values[i] ?? 0) > (values[best] ?? 0)) best = i;
  return best;
}
