import { type ElementType, elementCount, isNumericType, type Tensor, tensorBytes, tensorFromBytes } from '../tensor.ts';
import { bytesAt, type OrtApi, type Pointer, toPointer } from './ort-api.ts';

/** ONNX Runtime's numbers for element types. */
const ELEMENT_NUMBERS: Readonly<Record<ElementType, number>> = {
  float32: 1,
  uint8: 2,
  int8: 3,
  uint16: 4,
  int16: 5,
  int32: 6,
  int64: 7,
  string: 8,
  bool: 9,
  float16: 10,
  float64: 11,
  uint32: 12,
  uint64: 13,
};

const ELEMENT_TYPES: ReadonlyMap<number, ElementType> = new Map(
  Object.entries(ELEMENT_NUMBERS).flatMap(([name, number]) => (name === 'string' || isNumericType(name) ? [[number, name]] : [])),
);

/** The element type of a number; undefined for those that tensors here cannot hold. */
export function elementTypeOf(number: number): ElementType | undefined {
  return ELEMENT_TYPES.get(number);
}

/** A native tensor with a copy of the data, in memory of ONNX Runtime's own allocator. The caller releases it. Throws OrtError. */
export function createValue(api: OrtApi, allocator: Pointer, tensor: Tensor): Pointer {
  const { dtype, dims } = tensor;
  const value = api.create('CreateTensorAsOrtValue', allocator, toInt64(dims), dims.length, ELEMENT_NUMBERS[dtype]);
  try {
    fillValue(api, value, tensor);
    return value;
  } catch (error) {
    api.release('ReleaseValue', value);
    throw error;
  }
}

function toInt64(dims: readonly number[]): BigInt64Array {
  // An empty array has no address to hand over.
  return dims.length === 0 ? new BigInt64Array(1) : BigInt64Array.from(dims, BigInt);
}

function fillValue(api: OrtApi, value: Pointer, tensor: Tensor): void {
  const count = elementCount(tensor.dims);
  if (tensor.data.length !== count) throw new RangeError(`[${tensor.dims.join(', ')}] has ${count} elements, not ${tensor.data.length}`);
  if (count === 0) return;
  if (tensor.dtype === 'string') {
    api.call('FillStringTensor', value, [...tensor.data], count);
    return;
  }
  const bytes = tensorBytes(tensor);
  bytesAt(api.create('GetTensorMutableData', value), bytes.length).set(bytes);
}

/** A native tensor as ours, copied. Throws TypeError for a value that is no tensor of a known type. */
export function readValue(api: OrtApi, value: Pointer, name: string): Tensor {
  if (api.number('IsTensor', value) === 0) throw new TypeError(`output "${name}" is not a tensor`);
  const { elementNumber, dims } = typeAndShape(api, value);
  const dtype = elementTypeOf(elementNumber);
  if (dtype === undefined) throw new TypeError(`output "${name}" has element type ${elementNumber}, which tensors here cannot hold`);
  const count = elementCount(dims);
  if (dtype === 'string') return { dtype, dims, data: Array.from({ length: count }, (_, index) => textElement(api, value, index)) };
  const sizeBytes = ELEMENT_BYTES[dtype];
  const bytes = count === 0 ? new Uint8Array(0) : bytesAt(api.create('GetTensorMutableData', value), count * sizeBytes);
  return tensorFromBytes(dtype, dims, bytes);
}

const ELEMENT_BYTES: Readonly<Record<Exclude<ElementType, 'string'>, number>> = {
  ...{ float32: 4, float64: 8, float16: 2, bool: 1 },
  ...{ int8: 1, int16: 2, int32: 4, int64: 8 },
  ...{ uint8: 1, uint16: 2, uint32: 4, uint64: 8 },
};

function textElement(api: OrtApi, value: Pointer, index: number): string {
  const bytes = Buffer.alloc(api.number('GetStringTensorElementLength', value, index));
  if (bytes.length > 0) api.call('GetStringTensorElement', value, bytes.length, index, bytes);
  return bytes.toString('utf8');
}

function typeAndShape(api: OrtApi, value: Pointer): { readonly elementNumber: number; readonly dims: readonly number[] } {
  const info = api.create('GetTensorTypeAndShape', value);
  try {
    return { elementNumber: api.number('GetTensorElementType', info), dims: dimensionsOf(api, info) };
  } finally {
    api.release('ReleaseTensorTypeAndShapeInfo', info);
  }
}

/** Dimensions of a type-and-shape object; -1 for one that is not known. */
export function dimensionsOf(api: OrtApi, info: Pointer): readonly number[] {
  const rank = api.number('GetDimensionsCount', info);
  if (rank === 0) return [];
  const dims = new BigInt64Array(rank);
  api.call('GetDimensions', info, dims, rank);
  return Array.from(dims, Number);
}

/** Names of the symbolic dimensions, as pointers to text that lives as long as `info`. */
export function symbolsOf(api: OrtApi, info: Pointer, rank: number): readonly Pointer[] {
  if (rank === 0) return [];
  const names: unknown[] = new Array(rank).fill(null);
  api.call('GetSymbolicDimensions', info, names, rank);
  return names.map(toPointer);
}
