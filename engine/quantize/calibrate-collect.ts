import type { TensorRange } from './range.ts';

/**
 * How the extremes of batches become one range: the least and the greatest of all, or their means (onnxruntime's `CalibMovingAverage`: within one
 * pass over the data its averaging constant plays no part).
 */
export type CalibrationMethod = 'min-max' | 'moving-average';

/** Takes in extremes batch by batch and computes ranges of them. Not-a-number is left out, as are values that were empty in a batch. */
export interface RangeCollector {
  /** Minimum and maximum of every value in turn. */
  collect(extremes: Float32Array): void;
  /** A range for every value; undefined for one that was empty in all batches. Both ends are NaN when nothing but NaN was seen. */
  compute(symmetric: boolean): readonly (TensorRange | undefined)[];
}

/** A collector for that many values. */
export function createCollector(method: CalibrationMethod, valueCount: number): RangeCollector {
  return method === 'min-max' ? new MinMaxCollector(valueCount) : new MeanCollector(valueCount);
}

class MinMaxCollector implements RangeCollector {
  readonly #ends: Float64Array;
  readonly #seen: Uint8Array;

  constructor(valueCount: number) {
    this.#ends = new Float64Array(2 * valueCount).fill(Number.NaN);
    this.#seen = new Uint8Array(valueCount);
  }

  collect(extremes: Float32Array): void {
    for (const [index] of this.#seen.entries()) {
      const [min, max] = endsAt(extremes, index);
      if (isEmpty(min, max)) continue;
      this.#seen[index] = 1;
      this.#ends[2 * index] = leastOf(this.#ends[2 * index], min);
      this.#ends[2 * index + 1] = -leastOf(-(this.#ends[2 * index + 1] ?? Number.NaN), -max);
    }
  }

  compute(symmetric: boolean): readonly (TensorRange | undefined)[] {
    return Array.from(this.#seen, (seen, index) => (seen === 0 ? undefined : rangeOf(...endsAt(this.#ends, index), symmetric)));
  }
}

class MeanCollector implements RangeCollector {
  readonly #sums: Float64Array;
  readonly #counts: Uint32Array;
  readonly #seen: Uint8Array;

  constructor(valueCount: number) {
    this.#sums = new Float64Array(2 * valueCount);
    this.#counts = new Uint32Array(2 * valueCount);
    this.#seen = new Uint8Array(valueCount);
  }

  collect(extremes: Float32Array): void {
    for (const [index] of this.#seen.entries()) {
      const ends = endsAt(extremes, index);
      if (isEmpty(...ends)) continue;
      this.#seen[index] = 1;
      for (const [end, value] of ends.entries()) this.#add(2 * index + end, value);
    }
  }

  #add(place: number, value: number): void {
    if (Number.isNaN(value)) return;
    this.#sums[place] = (this.#sums[place] ?? 0) + value;
    this.#counts[place] = (this.#counts[place] ?? 0) + 1;
  }

  compute(symmetric: boolean): readonly (TensorRange | undefined)[] {
    const means = Array.from(this.#sums, (sum, place) => Math.fround(sum / (this.#counts[place] ?? 0)));
    return Array.from(this.#seen, (seen, index) => (seen === 0 ? undefined : rangeOf(...endsAt(means, index), symmetric)));
  }
}

function endsAt(ends: ArrayLike<number>, index: number): [number, number] {
  return [ends[2 * index] ?? Number.NaN, ends[2 * index + 1] ?? Number.NaN];
}

/** Reductions of nothing give the neutral elements. */
function isEmpty(min: number, max: number): boolean {
  return min === Number.POSITIVE_INFINITY && max === Number.NEGATIVE_INFINITY;
}

function leastOf(a: number | undefined, b: number): number {
  if (a === undefined || Number.isNaN(a)) return b;
  return Number.isNaN(b) ? a : Math.min(a, b);
}

function rangeOf(min: number, max: number, symmetric: boolean): TensorRange {
  if (!symmetric) return { min, max };
  const magnitude = -leastOf(-Math.abs(min), -Math.abs(max));
  return { min: -magnitude, max: magnitude };
}
