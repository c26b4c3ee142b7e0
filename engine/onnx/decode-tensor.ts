import { GroveError } from '../../domain/errors.ts';
import { type StringStringEntryProto, type TensorProto, TensorProto_DataLocation } from '../../proto/gen/onnx.ts';
import { byteLengthOf, DataType, dataTypeName } from '../graph/data-type.ts';
import { checkTensor, type Tensor } from '../graph/tensor.ts';
import type { Extras, UnknownFields } from '../graph/value.ts';
import type { ExternalData, ExternalReference } from './external-data.ts';

/** What decoding carries along: the source of external bytes and the name of the model for errors. */
export interface DecodeContext {
  readonly external: ExternalData;
  readonly where: string;
}

/**
 * A TensorProto as a tensor: raw bytes are a view of the model file, typed fields are packed little-endian, external bytes are fetched.
 * Throws `invalid-onnx` when dims, type and content disagree.
 */
export function decodeTensor(proto: TensorProto, context: DecodeContext): Tensor {
  const where = `${context.where}, tensor "${proto.name ?? ''}"`;
  const dataType = proto.dataType ?? DataType.UNDEFINED;
  const dims = proto.dims.map((dim) => safeNumber(dim, `${where}, dims`));
  if (proto.segment) throw bad(where, 'it is a segment of a larger tensor, which no runtime supports');
  const extras = extrasOf(proto);
  const content = contentOf(proto, { dataType, dims, where, context });
  const tensor: Tensor = { dataType, dims, ...content, ...(extras ? { extras } : {}) };
  checkTensor(tensor, where);
  return tensor;
}

interface TensorHeader {
  readonly dataType: DataType;
  readonly dims: readonly number[];
  readonly where: string;
  readonly context: DecodeContext;
}

function contentOf(proto: TensorProto, header: TensorHeader): Pick<Tensor, 'bytes' | 'strings'> {
  const { dataType, dims, where, context } = header;
  if (proto.dataLocation === TensorProto_DataLocation.EXTERNAL) {
    const expectedBytes = byteLengthOf(dataType, dims);
    if (expectedBytes === undefined) throw bad(where, `${dataTypeName(dataType)} [${dims.join(', ')}] cannot be external`);
    return { bytes: context.external.read(referenceOf(proto.externalData, where), expectedBytes, where) };
  }
  if (dataType === DataType.STRING) return { bytes: new Uint8Array(0), strings: proto.stringData };
  return { bytes: proto.rawData ?? typedBytes(proto, dataType) };
}

function referenceOf(entries: readonly StringStringEntryProto[], where: string): ExternalReference {
  const values = new Map(entries.map((entry) => [entry.key ?? '', entry.value ?? '']));
  const length = values.get('length');
  return {
    location: values.get('location') ?? '',
    offset: byteCount(values.get('offset') ?? '0', `${where}, external offset`),
    length: length === undefined ? undefined : byteCount(length, `${where}, external length`),
  };
}

function byteCount(text: string, where: string): number {
  const value = Number(text);
  if (!/^\d{1,16}$/.test(text) || !Number.isSafeInteger(value)) throw bad(where, `"${text}" is not a byte count`);
  return value;
}

/** Content kept in a typed field instead of `raw_data`, as raw bytes. Which field serves which type is the specification's table. */
function typedBytes(proto: TensorProto, dataType: DataType): Uint8Array {
  switch (dataType) {
    case DataType.FLOAT:
    case DataType.COMPLEX64:
      return bytesOf(Float32Array.from(proto.floatData));
    case DataType.DOUBLE:
    case DataType.COMPLEX128:
      return bytesOf(Float64Array.from(proto.doubleData));
    case DataType.INT64:
      return bytesOf(BigInt64Array.from(proto.int64Data));
    case DataType.UINT64:
      return bytesOf(BigUint64Array.from(proto.uint64Data));
    case DataType.UINT32:
      return bytesOf(Uint32Array.from(proto.uint64Data, Number));
    case DataType.INT32:
      return bytesOf(Int32Array.from(proto.int32Data));
    case DataType.INT16:
    case DataType.UINT16:
    case DataType.FLOAT16:
    case DataType.BFLOAT16:
      return bytesOf(Uint16Array.from(proto.int32Data));
    default:
      // 8-bit types hold one element per entry, 4- and 2-bit types one packed byte.
      return Uint8Array.from(proto.int32Data);
  }
}

function bytesOf(values: ArrayBufferView): Uint8Array {
  return new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
}

/** An int64 as a number. Throws `invalid-onnx` beyond 2^53. */
export function safeNumber(value: bigint, where: string): number {
  const number = Number(value);
  if (!Number.isSafeInteger(number)) throw bad(where, `${value} is out of range`);
  return number;
}

/** Documentation, metadata and unknown fields of any message, or undefined when it has none. */
export function extrasOf(proto: {
  readonly docString?: string | undefined;
  readonly metadataProps?: readonly StringStringEntryProto[];
  readonly _unknownFields?: UnknownFields | undefined;
}): Extras | undefined {
  const metadata = proto.metadataProps ?? [];
  if (!proto.docString && metadata.length === 0 && !proto._unknownFields) return undefined;
  return {
    ...(proto.docString ? { docString: proto.docString } : {}),
    ...(metadata.length > 0 ? { metadata: decodeMetadata(metadata) } : {}),
    ...(proto._unknownFields ? { unknown: proto._unknownFields } : {}),
  };
}

/** Key-value entries as a map; the last of equal keys wins, as in ONNX Runtime. */
export function decodeMetadata(entries: readonly StringStringEntryProto[]): Map<string, string> {
  return new Map(entries.map((entry) => [entry.key ?? '', entry.value ?? '']));
}

function bad(where: string, problem: string): GroveError {
  return new GroveError('invalid-onnx', { where, problem });
}
