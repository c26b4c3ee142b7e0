import { DataType, isFloatType } from '../../graph/data-type.ts';
import { type Tensor, toFloat32, toNumbers } from '../../graph/tensor.ts';

const INTEGER_TYPES: readonly DataType[] = [DataType.INT64, DataType.INT32, DataType.UINT8, DataType.BOOL];

/** The one element of a constant of rank 0 or 1; undefined for more or fewer elements, more dimensions (it would widen what it meets) and other types. */
export function scalarOf(tensor: Tensor): number | undefined {
  if (tensor.dims.length > 1 || (tensor.dims[0] ?? 1) !== 1) return undefined;
  if (isFloatType(tensor.dataType)) return toFloat32(tensor)[0];
  return INTEGER_TYPES.includes(tensor.dataType) ? toNumbers(tensor)[0] : undefined;
}

/** Whether a constant is one element within `tolerance` of `expected`. */
export function isScalarNear(tensor: Tensor, expected: number, tolerance: number): boolean {
  const value = scalarOf(tensor);
  return value !== undefined && Math.abs(value - expected) <= tolerance;
}

/** The elements of an integer constant of rank 0 or 1; undefined for anything else. */
export function integersOf(tensor: Tensor): readonly number[] | undefined {
  return tensor.dims.length <= 1 && INTEGER_TYPES.includes(tensor.dataType) ? toNumbers(tensor) : undefined;
}
