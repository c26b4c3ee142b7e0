import type { Quality } from '../../domain/report.ts';

type Measured = Extract<Quality, { state: 'measured' }>;

/** Stands for the difference of a value that is not finite, which JSON cannot hold: the largest float32. */
export const NOT_FINITE_DIFFERENCE = 3.4028234663852886e38;

/** One output of one batch beside its reference, widened to float32. */
export interface OutputPair {
  readonly dims: readonly number[];
  readonly actual: Float32Array;
  readonly expected: Float32Array;
  /** Of outputs with a sequence axis: the attention mask, [batch, sequence]. Values of padding, where it is 0, are nobody's output and not compared. */
  readonly mask: ArrayLike<number | bigint> | undefined;
}

/** What the report says of any output. */
export type Similarity = Pick<Measured, 'cosineMean' | 'cosineMin' | 'cosinePooled' | 'sqnrDb' | 'maxAbsDifference'>;

/**
 * Collects how far one output is from its reference, row by row, in constant memory. A row with a value that is not finite has cosine 0 and the
 * difference {@link NOT_FINITE_DIFFERENCE}. An output with one value a row (a ranker's score) has no direction of its own: its cosine is that of the
 * column over all rows.
 */
export class OutputSimilarity {
  readonly #column = new DotSums();
  #rows = 0;
  #isColumn = true;
  #cosineSum = 0;
  #cosineMin = 1;
  #pooledSum = 0;
  #pooledRows = 0;
  #signal = 0;
  #noise = 0;
  #maxAbs = 0;

  get rows(): number {
    return this.#rows;
  }

  add(pair: OutputPair): void {
    const rows = pair.dims[0] ?? 1;
    for (let row = 0; row < rows; row++) this.#addRow(pair, row, rows);
  }

  /** Throws RangeError when no row was added. */
  finish(): Similarity {
    if (this.#rows === 0) throw new RangeError('no row was compared');
    const column = this.#column.cosine();
    return {
      cosineMean: this.#isColumn ? column : this.#cosineSum / this.#rows,
      cosineMin: this.#isColumn ? column : this.#cosineMin,
      cosinePooled: this.#pooledRows > 0 ? this.#pooledSum / this.#pooledRows : null,
      sqnrDb: this.#noise > 0 && Number.isFinite(this.#noise) && this.#signal > 0 ? 10 * Math.log10(this.#signal / this.#noise) : null,
      maxAbsDifference: this.#maxAbs,
    };
  }

  #addRow(pair: OutputPair, row: number, rows: number): void {
    const width = pair.actual.length / rows;
    const { tokens, weightOf } = tokensOf(pair, row, rows);
    const hidden = width / tokens;
    const sums = new DotSums();
    const pool = pair.dims.length === 3 ? { actual: new Float64Array(hidden), expected: new Float64Array(hidden) } : undefined;
    for (let token = 0; token < tokens; token++) {
      const weight = weightOf(token);
      if (weight === 0) continue;
      const from = row * width + token * hidden;
      this.#addValues(pair, { from, to: from + hidden }, sums);
      if (pool !== undefined) addWeighted(pool, pair, { from, weight });
    }
    this.#rows += 1;
    this.#isColumn &&= width === 1;
    this.#cosineSum += sums.cosine();
    this.#cosineMin = Math.min(this.#cosineMin, sums.cosine());
    if (pool === undefined) return;
    this.#pooledSum += cosine(pool.actual, pool.expected);
    this.#pooledRows += 1;
  }

  #addValues({ actual, expected }: OutputPair, { from, to }: { readonly from: number; readonly to: number }, sums: DotSums): void {
    for (let i = from; i < to; i++) {
      const x = actual[i] ?? 0;
      const y = expected[i] ?? 0;
      sums.add(x, y);
      if (this.#isColumn) this.#column.add(x, y);
      const difference = Math.abs(x - y);
      const counted = Number.isFinite(difference) ? difference : NOT_FINITE_DIFFERENCE;
      this.#signal += y * y;
      this.#noise += counted * counted;
      this.#maxAbs = Math.max(this.#maxAbs, counted);
    }
  }
}

/** Tokens of a row and how much each counts; without a mask that fits, the row is one token or every token counts. */
function tokensOf(
  { dims, mask }: OutputPair,
  row: number,
  rows: number,
): { readonly tokens: number; readonly weightOf: (token: number) => number } {
  const tokens = dims[1] ?? 1;
  if (mask !== undefined && mask.length === rows * tokens) return { tokens, weightOf: (token) => Number(mask[row * tokens + token] ?? 0) };
  return { tokens: dims.length === 3 ? tokens : 1, weightOf: () => 1 };
}

interface Pool {
  readonly actual: Float64Array;
  readonly expected: Float64Array;
}

/** The sum serves as the mean, since a cosine is blind to scale. */
function addWeighted(pool: Pool, pair: OutputPair, { from, weight }: { readonly from: number; readonly weight: number }): void {
  for (let i = 0; i < pool.actual.length; i++) {
    pool.actual[i] = (pool.actual[i] ?? 0) + weight * (pair.actual[from + i] ?? 0);
    pool.expected[i] = (pool.expected[i] ?? 0) + weight * (pair.expected[from + i] ?? 0);
  }
}

/** What the cosine of two vectors needs, value by value. */
class DotSums {
  #dot = 0;
  #aa = 0;
  #bb = 0;

  add(a: number, b: number): void {
    this.#dot += a * b;
    this.#aa += a * a;
    this.#bb += b * b;
  }

  /** 1 for two zero vectors, 0 for one, and 0 when a value is not finite. */
  cosine(): number {
    if (this.#aa === 0 && this.#bb === 0) return 1;
    const value = this.#dot / Math.sqrt(this.#aa * this.#bb);
    return Number.isFinite(value) ? Math.max(-1, Math.min(1, value)) : 0;
  }
}

/** Cosine of the angle between two vectors of one length: 1 for two zero vectors, 0 for one, and 0 when a value is not finite. */
export function cosine(a: ArrayLike<number>, b: ArrayLike<number>): number {
  const sums = new DotSums();
  for (let i = 0; i < a.length; i++) sums.add(a[i] ?? 0, b[i] ?? 0);
  return sums.cosine();
}
