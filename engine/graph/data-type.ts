/** Element types of ONNX tensors, by the specification's numbers. Numbers not listed here are carried through untouched. */
export const DataType = {
  UNDEFINED: 0,
  FLOAT: 1,
  UINT8: 2,
  INT8: 3,
  UINT16: 4,
  INT16: 5,
  INT32: 6,
  INT64: 7,
  STRING: 8,
  BOOL: 9,
  FLOAT16: 10,
  DOUBLE: 11,
  UINT32: 12,
  UINT64: 13,
  COMPLEX64: 14,
  COMPLEX128: 15,
  BFLOAT16: 16,
  FLOAT8E4M3FN: 17,
  FLOAT8E4M3FNUZ: 18,
  FLOAT8E5M2: 19,
  FLOAT8E5M2FNUZ: 20,
  UINT4: 21,
  INT4: 22,
  FLOAT4E2M1: 23,
  FLOAT8E8M0: 24,
  UINT2: 25,
  INT2: 26,
} as const;

/** An element type's number. Plain `number`, because a model may use a type of a later specification. */
export type DataType = number;

const BITS = new Map<DataType, number>([
  [DataType.FLOAT, 32],
  [DataType.UINT8, 8],
  [DataType.INT8, 8],
  [DataType.UINT16, 16],
  [DataType.INT16, 16],
  [DataType.INT32, 32],
  [DataType.INT64, 64],
  [DataType.BOOL, 8],
  [DataType.FLOAT16, 16],
  [DataType.DOUBLE, 64],
  [DataType.UINT32, 32],
  [DataType.UINT64, 64],
  [DataType.COMPLEX64, 64],
  [DataType.COMPLEX128, 128],
  [DataType.BFLOAT16, 16],
  [DataType.FLOAT8E4M3FN, 8],
  [DataType.FLOAT8E4M3FNUZ, 8],
  [DataType.FLOAT8E5M2, 8],
  [DataType.FLOAT8E5M2FNUZ, 8],
  [DataType.UINT4, 4],
  [DataType.INT4, 4],
  [DataType.FLOAT4E2M1, 4],
  [DataType.FLOAT8E8M0, 8],
  [DataType.UINT2, 2],
  [DataType.INT2, 2],
]);

const NAMES = new Map<DataType, string>(Object.entries(DataType).map(([name, number]) => [number, name.toLowerCase()]));

/** `float16` for 10; `type 99` for a number this version does not know. */
export function dataTypeName(dataType: DataType): string {
  return NAMES.get(dataType) ?? `type ${dataType}`;
}

/** Bits of one element, or undefined for strings and unknown types. */
export function bitsPerElement(dataType: DataType): number | undefined {
  return BITS.get(dataType);
}

/** Product of the dims (1 for a scalar). Infinity or an unsafe integer when the product leaves 2^53: callers compare before they allocate. */
export function elementCount(dims: readonly number[]): number {
  return dims.reduce((product, dim) => product * dim, 1);
}

/**
 * Bytes of a tensor with these dims, sub-byte elements packed tightly and the last byte padded.
 * Undefined for strings, for types of unknown size, and when the size leaves 2^53.
 */
export function byteLengthOf(dataType: DataType, dims: readonly number[]): number | undefined {
  const bits = BITS.get(dataType);
  if (bits === undefined) return undefined;
  const sizeBytes = Math.ceil((elementCount(dims) * bits) / 8);
  return Number.isSafeInteger(sizeBytes) ? sizeBytes : undefined;
}

/** float, float16, bfloat16 or double. */
export function isFloatType(dataType: DataType): boolean {
  return dataType === DataType.FLOAT || dataType === DataType.FLOAT16 || dataType === DataType.BFLOAT16 || dataType === DataType.DOUBLE;
}
