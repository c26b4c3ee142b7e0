import { DataType } from '../graph/data-type.ts';

/** The float type that a tensor's range and scale are computed in. */
export interface FloatKind {
  readonly dataType: DataType;
  /** Rounds to the nearest number of the type, ties to even; infinity beyond its range. */
  round(value: number): number;
  /** The smallest normal number. */
  readonly smallestNormal: number;
}

export const FLOAT32: FloatKind = { dataType: DataType.FLOAT, round: Math.fround, smallestNormal: 2 ** -126 };

export const FLOAT16: FloatKind = { dataType: DataType.FLOAT16, round: roundToHalf, smallestNormal: 2 ** -14 };

/** The kind of a type that can be quantised (float32 and float16), else undefined. */
export function floatKindOf(dataType: DataType): FloatKind | undefined {
  if (dataType === DataType.FLOAT) return FLOAT32;
  return dataType === DataType.FLOAT16 ? FLOAT16 : undefined;
}

/** To the nearest integer, ties to even. Exact for every double. */
export function roundHalfEven(value: number): number {
  const floor = Math.floor(value);
  const rest = value - floor;
  if (rest !== 0.5) return rest < 0.5 ? floor : floor + 1;
  return floor % 2 === 0 ? floor : floor + 1;
}

/** Straight from double to binary16: rounding to float32 on the way would round twice. */
function roundToHalf(value: number): number {
  const magnitude = Math.abs(value);
  if (!(magnitude < 65520)) return Number.isNaN(value) ? value : Math.sign(value) * Number.POSITIVE_INFINITY;
  // Spacing of binary16 numbers around the value; below the smallest normal it stays that of the subnormals.
  const exponent = magnitude < 2 ** -14 ? -14 : Math.floor(Math.log2(magnitude));
  const spacing = 2 ** (exponentOf(magnitude, exponent) - 10);
  return roundHalfEven(value / spacing) * spacing;
}

/** `guess` corrected to the exponent of `magnitude`: a logarithm may be off by one next to a power of two. */
function exponentOf(magnitude: number, guess: number): number {
  if (guess > -14 && magnitude < 2 ** guess) return guess - 1;
  return magnitude >= 2 ** (guess + 1) ? guess + 1 : guess;
}
