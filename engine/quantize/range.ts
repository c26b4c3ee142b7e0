/**
 * What calibration saw of an activation. Both ends are values of the tensor's own type (float32, or float16 widened): they are computed with in it.
 * Zero need not lie between them.
 */
export interface TensorRange {
  readonly min: number;
  readonly max: number;
}
