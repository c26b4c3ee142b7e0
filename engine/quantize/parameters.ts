import { FLOAT16, type FloatKind, roundHalfEven } from './float-kind.ts';
import { integerLimits, type QuantType } from './quant-type.ts';
import type { TensorRange } from './range.ts';
import type { SkipReason } from './report.ts';

/** How integers stand for real numbers: real = (integer - zeroPoint) * scale. */
export interface QuantParameters {
  readonly type: QuantType;
  readonly scale: number;
  readonly zeroPoint: number;
}

/** What `computeParameters` needs beside a range. */
export interface ParameterRules {
  readonly type: QuantType;
  readonly symmetric: boolean;
  readonly reduceRange: boolean;
  readonly minRealRange: number | undefined;
}

/**
 * Scale and zero point that spread a range over the integers of a type, by onnxruntime's arithmetic: the range is widened to hold zero and
 * subtracted in the tensor's own float type, the division and the zero point are computed in double precision, the scale is rounded to the float
 * type. A scale below the float type's smallest normal number becomes 1 with zero point 0, which is harmless for float32; for float16, where such
 * ranges are common and onnxruntime's scale of 1 loses what is in them, it is a reason to leave the tensor float, as is a range without end.
 */
export function computeParameters({ min, max }: TensorRange, rules: ParameterRules, kind: FloatKind): QuantParameters | SkipReason {
  const { type, symmetric } = rules;
  const limits = integerLimits(type, rules);
  const range = prepareRange({ min: Math.min(min, 0), max: Math.max(max, 0) }, rules, kind);
  const scale = kind.round(range.max - range.min) / (limits.max - limits.min);
  if (!Number.isFinite(scale)) return 'range-not-finite';
  if (scale < kind.smallestNormal) return kind === FLOAT16 && scale > 0 ? 'range-too-narrow' : { type, scale: 1, zeroPoint: 0 };
  const zeroPoint = symmetric ? roundHalfEven((limits.min + limits.max) / 2) : roundHalfEven(limits.min - range.min / scale);
  return { type, scale: kind.round(scale), zeroPoint };
}

function prepareRange({ min, max }: TensorRange, { symmetric, minRealRange }: ParameterRules, kind: FloatKind): TensorRange {
  const upper = minRealRange === undefined ? max : Math.max(max, kind.round(min + kind.round(minRealRange)));
  if (!symmetric) return { min, max: upper };
  const bound = Math.max(-min, upper);
  return { min: -bound, max: bound };
}
