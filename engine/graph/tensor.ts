import { GroveError } from '../../domain/errors.ts';
import { bitsPerElement, byteLengthOf, DataType, dataTypeName, elementCount } from './data-type.ts';
import { floatsFromBfloats, floatsFromHalves, halvesFromFloats } from './half.ts';
import type { Extras } from './value.ts';

/**
 * An immutable tensor. `bytes` holds the elements little-endian and row-major, sub-byte types packed; it is usually a view into a larger buffer
 * (a model file), so nobody may write to it: a pass that changes values makes a new tensor.
 */
export interface Tensor {
  readonly dataType: DataType;
  readonly dims: readonly number[];
  readonly bytes: Uint8Array;
  /** The elements of a STRING tensor, whose `bytes` is empty. */
  readonly strings?: readonly Uint8Array[];
  /** The name that some writers give a tensor inside an attribute; initializers are named by their graph. */
  readonly attributeName?: string;
  readonly extras?: Extras;
}

/** Typed arrays a tensor can be made from. */
export type TensorValues =
  | Float32Array
  | Float64Array
  | Int8Array
  | Uint8Array
  | Int16Array
  | Uint16Array
  | Int32Array
  | Uint32Array
  | BigInt64Array
  | BigUint64Array;

/**
 * Bytes with arbitrary content, for callers that write every one: zeroing 90 MB of weights costs as much as reading them.
 * The buffer is its own, so that views of any type are aligned.
 */
export function allocateBytes(sizeBytes: number): Uint8Array<ArrayBuffer> {
  return new Uint8Array(Buffer.allocUnsafeSlow(sizeBytes).buffer);
}

/** A tensor over the given values, not copied. Float16 and bfloat16 take their bits as a Uint16Array, bools a Uint8Array of 0 and 1. */
export function makeTensor(dataType: DataType, dims: readonly number[], values: TensorValues): Tensor {
  const bytes = new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
  const expected = byteLengthOf(dataType, dims);
  if (expected !== bytes.length) {
    throw new RangeError(`a ${dataTypeName(dataType)} tensor [${dims.join(', ')}] has ${expected} bytes, not ${bytes.length}`);
  }
  return { dataType, dims, bytes };
}

/** A float32 tensor; plain numbers are rounded to float32. */
export function float32Tensor(dims: readonly number[], values: Float32Array | readonly number[]): Tensor {
  return makeTensor(DataType.FLOAT, dims, values instanceof Float32Array ? values : Float32Array.from(values));
}

/** A float32 or float16 tensor, values rounded to nearest, ties to even. */
export function floatTensor(dataType: DataType, dims: readonly number[], values: Float32Array | readonly number[]): Tensor {
  const floats = float32Tensor(dims, values);
  if (dataType === DataType.FLOAT) return floats;
  return makeTensor(DataType.FLOAT16, dims, halvesFromFloats(float32Values(floats)));
}

/** An int64 tensor from safe integers, for shapes, axes and indices. */
export function int64Tensor(dims: readonly number[], values: readonly number[]): Tensor {
  return makeTensor(DataType.INT64, dims, BigInt64Array.from(values, BigInt));
}

function requireType(tensor: Tensor, wanted: readonly DataType[]): void {
  if (wanted.includes(tensor.dataType)) return;
  throw new TypeError(`a ${wanted.map(dataTypeName).join(' or ')} tensor was expected, not ${dataTypeName(tensor.dataType)}`);
}

/** The bytes at an address divisible by `alignment`: the view itself when it is, else a copy. */
function aligned(bytes: Uint8Array, alignment: number): Uint8Array {
  return bytes.byteOffset % alignment === 0 ? bytes : new Uint8Array(bytes);
}

/** Elements of a float32 tensor; read-only, a view where alignment allows. Throws TypeError for another type. */
export function float32Values(tensor: Tensor): Float32Array {
  requireType(tensor, [DataType.FLOAT]);
  const bytes = aligned(tensor.bytes, 4);
  return new Float32Array(bytes.buffer, bytes.byteOffset, bytes.length >>> 2);
}

/** Elements of a 16-bit tensor as unsigned bits (float16, bfloat16, uint16); read-only. */
export function uint16Values(tensor: Tensor): Uint16Array {
  requireType(tensor, [DataType.FLOAT16, DataType.BFLOAT16, DataType.UINT16]);
  const bytes = aligned(tensor.bytes, 2);
  return new Uint16Array(bytes.buffer, bytes.byteOffset, bytes.length >>> 1);
}

/** Elements of an int64 tensor; read-only. */
export function int64Values(tensor: Tensor): BigInt64Array {
  requireType(tensor, [DataType.INT64]);
  const bytes = aligned(tensor.bytes, 8);
  return new BigInt64Array(bytes.buffer, bytes.byteOffset, bytes.length >>> 3);
}

/** Elements of an int32 tensor; read-only. */
function int32Values(tensor: Tensor): Int32Array {
  requireType(tensor, [DataType.INT32]);
  const bytes = aligned(tensor.bytes, 4);
  return new Int32Array(bytes.buffer, bytes.byteOffset, bytes.length >>> 2);
}

/** Elements of a double tensor; read-only. */
function float64Values(tensor: Tensor): Float64Array {
  requireType(tensor, [DataType.DOUBLE]);
  const bytes = aligned(tensor.bytes, 8);
  return new Float64Array(bytes.buffer, bytes.byteOffset, bytes.length >>> 3);
}

/** Elements of any float tensor as float32: float16 and bfloat16 exactly, double rounded. Throws TypeError for a type that is no float. */
export function toFloat32(tensor: Tensor): Float32Array {
  switch (tensor.dataType) {
    case DataType.FLOAT16:
      return floatsFromHalves(uint16Values(tensor));
    case DataType.BFLOAT16:
      return floatsFromBfloats(uint16Values(tensor));
    case DataType.DOUBLE:
      return Float32Array.from(float64Values(tensor));
    default:
      return float32Values(tensor);
  }
}

/** Elements of a small int64, int32, uint8 or bool tensor as numbers: shapes, axes, indices. Values beyond 2^53 lose their last bits. */
export function toNumbers(tensor: Tensor): number[] {
  switch (tensor.dataType) {
    case DataType.INT64:
      return Array.from(int64Values(tensor), Number);
    case DataType.INT32:
      return Array.from(int32Values(tensor));
    default:
      requireType(tensor, [DataType.UINT8, DataType.BOOL]);
      return Array.from(tensor.bytes);
  }
}

/** Bytes of the elements, strings included. */
export function tensorSizeBytes(tensor: Tensor): number {
  return tensor.strings ? tensor.strings.reduce((sum, element) => sum + element.length, 0) : tensor.bytes.length;
}

/**
 * Throws `invalid-onnx` when dims are no sizes, their product overflows, or the byte length disagrees with type and dims.
 * Types of unknown size are only checked for their dims.
 */
export function checkTensor(tensor: Tensor, where: string): void {
  const shape = `[${tensor.dims.join(', ')}]`;
  const count = elementCount(tensor.dims);
  if (tensor.dims.some((dim) => !Number.isSafeInteger(dim) || dim < 0)) throw bad(where, `shape ${shape} has an impossible dimension`);
  if (!Number.isSafeInteger(count)) throw bad(where, `shape ${shape} has more elements than any tensor can hold`);
  if (tensor.dataType === DataType.UNDEFINED) throw bad(where, 'the data type is undefined');
  if (tensor.dataType === DataType.STRING) {
    const strings = tensor.strings?.length ?? 0;
    if (strings !== count) throw bad(where, `shape ${shape} needs ${count} strings; there are ${strings}`);
  } else if (bitsPerElement(tensor.dataType) !== undefined && byteLengthOf(tensor.dataType, tensor.dims) !== tensor.bytes.length) {
    const expected = byteLengthOf(tensor.dataType, tensor.dims) ?? 'too many';
    throw bad(where, `${dataTypeName(tensor.dataType)} ${shape} needs ${expected} bytes; there are ${tensor.bytes.length}`);
  }
}

function bad(where: string, problem: string): GroveError {
  return new GroveError('invalid-onnx', { where, problem });
}
