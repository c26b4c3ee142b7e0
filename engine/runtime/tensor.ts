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

/** Element types stored as numbers. */
export type NumericType = Exclude<ElementType, 'string'>;

type Decode = (dims: readonly number[], bytes: ArrayBuffer) => Tensor;

/** Every numeric type with its element size and how its little-endian bytes become a tensor. */
const NUMERIC: Readonly<Record<NumericType, { readonly sizeBytes: number; readonly decode: Decode }>> = {
  float32: { sizeBytes: 4, decode: (dims, bytes) => ({ dtype: 'float32', dims, data: new Float32Array(bytes) }) },
  float64: { sizeBytes: 8, decode: (dims, bytes) => ({ dtype: 'float64', dims, data: new Float64Array(bytes) }) },
  float16: { sizeBytes: 2, decode: (dims, bytes) => ({ dtype: 'float16', dims, data: new Uint16Array(bytes) }) },
  int8: { sizeBytes: 1, decode: (dims, bytes) => ({ dtype: 'int8', dims, data: new Int8Array(bytes) }) },
  int16: { sizeBytes: 2, decode: (dims, bytes) => ({ dtype: 'int16', dims, data: new Int16Array(bytes) }) },
  int32: { sizeBytes: 4, decode: (dims, bytes) => ({ dtype: 'int32', dims, data: new Int32Array(bytes) }) },
  int64: { sizeBytes: 8, decode: (dims, bytes) => ({ dtype: 'int64', dims, data: new BigInt64Array(bytes) }) },
  uint8: { sizeBytes: 1, decode: (dims, bytes) => ({ dtype: 'uint8', dims, data: new Uint8Array(bytes) }) },
  uint16: { sizeBytes: 2, decode: (dims, bytes) => ({ dtype: 'uint16', dims, data: new Uint16Array(bytes) }) },
  uint32: { sizeBytes: 4, decode: (dims, bytes) => ({ dtype: 'uint32', dims, data: new Uint32Array(bytes) }) },
  uint64: { sizeBytes: 8, decode: (dims, bytes) => ({ dtype: 'uint64', dims, data: new BigUint64Array(bytes) }) },
  bool: { sizeBytes: 1, decode: (dims, bytes) => ({ dtype: 'bool', dims, data: new Uint8Array(bytes) }) },
};

/** Whether a name is a numeric element type. */
export function isNumericType(name: string): name is NumericType {
  return Object.hasOwn(NUMERIC, name);
}

/** Whether a name is an element type that tensors here can hold (ONNX has more, for example packed 4-bit integers). */
export function isElementType(name: string): name is ElementType {
  return name === 'string' || isNumericType(name);
}

/** A numeric tensor from a copy of its little-endian bytes. Throws RangeError when their number does not fit `dims`. */
export function tensorFromBytes(dtype: NumericType, dims: readonly number[], bytes: ArrayBufferView): Tensor {
  const { sizeBytes, decode } = NUMERIC[dtype];
  const expected = elementCount(dims) * sizeBytes;
  if (bytes.byteLength !== expected)
    throw new RangeError(`a ${dtype} tensor [${dims.join(', ')}] has ${expected} bytes, not ${bytes.byteLength}`);
  const copy = new ArrayBuffer(expected);
  new Uint8Array(copy).set(new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength));
  return decode(dims, copy);
}

/** The little-endian bytes of a numeric tensor, as a view of its data. Throws TypeError for strings. */
export function tensorBytes(tensor: Tensor): Uint8Array {
  if (tensor.dtype === 'string') throw new TypeError('a string tensor has no bytes');
  return new Uint8Array(tensor.data.buffer, tensor.data.byteOffset, tensor.data.byteLength);
}
