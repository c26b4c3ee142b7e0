/**
 * Typed tensors as they cross the `InferenceRuntime` port. Data is dense, row-major and owned by whoever made it.
 */

/** Storage of each element type. float16 travels as its 16 bits; bool as one byte of 0 or 1. */
export interface ElementStorage {
  readonly float32: Float32Array;
  readonly float64: Float64Array;
  /** IEEE 754 half precision, as raw bits. */
  readonly float16: Uint16Array;
  readonly int8: Int8Array;
  readonly int16: Int16Array;
  readonly int32: Int32Array;
  readonly int64: BigInt64Array;
  readonly uint8: Uint8Array;
  readonly uint16: Uint16Array;
  readonly uint32: Uint32Array;
  readonly uint64: BigUint64Array;
  readonly bool: Uint8Array;
  readonly string: readonly string[];
}

/** Element types a session can take or give, by ONNX's usual names. */
export type ElementType = keyof ElementStorage;

/** A dense tensor of one element type. `data.length` is the product of `dims`; a scalar has no dims and one element. */
export interface TensorOf<T extends ElementType> {
  readonly dtype: T;
  readonly dims: readonly number[];
  readonly data: ElementStorage[T];
}

/** A tensor of any element type, told apart by `dtype`. */
export type Tensor = { [T in ElementType]: TensorOf<T> }[ElementType];

/** Tensors by input or output name. */
export type NamedTensors = Readonly<Record<string, Tensor>>;

/** Elements of a tensor of these dims; 1 for a scalar. */
export function elementCount(dims: readonly number[]): number {
  return dims.reduce((product, dim) => product * dim, 1);
}

/** An int64 tensor from plain integers, for token ids and masks. Throws RangeError when the count does not fit `dims`. */
export function int64Tensor(values: readonly number[], dims: readonly number[]): TensorOf<'int64'> {
  if (values.length !== elementCount(dims)) throw new RangeError(`${values.length} values do not fill [${dims.join(', ')}]`);
  return { dtype: 'int64', dims, data: BigInt64Array.from(values, BigInt) };
}
