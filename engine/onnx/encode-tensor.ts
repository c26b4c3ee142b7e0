import { BinaryWriter } from '@bufbuild/protobuf/wire';
import { type StringStringEntryProto, TensorProto, TensorProto_DataLocation } from '../../proto/gen/onnx.ts';
import type { Tensor } from '../graph/tensor.ts';
import type { Extras, UnknownFields } from '../graph/value.ts';

/** Bytes in order, to be written or concatenated: large tensors stay views, so that writing a model copies no weight. */
export type Chunks = Uint8Array[];

/** Where the writer has put a tensor's bytes. */
export interface ExternalPlace {
  readonly location: string;
  readonly offset: number;
  readonly length: number;
}

const RAW_DATA_TAG = (9 << 3) | 2;

/** A TensorProto message; the name defaults to the one a tensor had inside an attribute. */
export function tensorProto(tensor: Tensor, name = tensor.attributeName ?? ''): TensorProto {
  const proto = emptyTensor();
  proto.dims = tensor.dims.map(BigInt);
  proto.dataType = tensor.dataType;
  if (name !== '') proto.name = name;
  if (tensor.strings) proto.stringData = [...tensor.strings];
  else proto.rawData = tensor.bytes;
  Object.assign(proto, encodeExtras(tensor.extras));
  return proto;
}

/** An initializer as chunks: header, the tensor's own bytes uncopied, and the rest; or, with a place, a reference into the data file. */
export function tensorChunks(name: string, tensor: Tensor, place: ExternalPlace | undefined): Chunks {
  if (tensor.strings) return [TensorProto.encode(tensorProto(tensor, name)).finish()];
  const { docString, metadataProps, _unknownFields, ...head } = tensorProto(tensor, name);
  const rest: TensorProto = { ...emptyTensor(), docString, metadataProps, _unknownFields };
  delete head.rawData;
  if (place) {
    rest.externalData = [
      { key: 'location', value: place.location },
      { key: 'offset', value: String(place.offset) },
      { key: 'length', value: String(place.length) },
    ];
    rest.dataLocation = TensorProto_DataLocation.EXTERNAL;
  }
  const header = TensorProto.encode({ ...head, metadataProps: [] });
  if (!place) header.uint32(RAW_DATA_TAG).uint32(tensor.bytes.length);
  const content = place ? [] : [tensor.bytes];
  return [header.finish(), ...content, TensorProto.encode(rest).finish()];
}

/** The chunks as a length-delimited field of an enclosing message. */
export function delimited(fieldNumber: number, chunks: Chunks): Chunks {
  const header = new BinaryWriter().uint32((fieldNumber << 3) | 2).uint32(sizeOf(chunks));
  return [header.finish(), ...chunks];
}

export function sizeOf(chunks: Chunks): number {
  return chunks.reduce((sum, chunk) => sum + chunk.length, 0);
}

function emptyTensor(): TensorProto {
  return {
    dims: [],
    floatData: [],
    int32Data: [],
    stringData: [],
    int64Data: [],
    doubleData: [],
    uint64Data: [],
    externalData: [],
    metadataProps: [],
  };
}

/** Documentation, metadata and unknown fields as members of a message. */
export function encodeExtras(extras: Extras | undefined): {
  docString?: string;
  metadataProps: StringStringEntryProto[];
  _unknownFields?: { [key: number]: Uint8Array[] };
} {
  return {
    ...(extras?.docString === undefined ? {} : { docString: extras.docString }),
    metadataProps: encodeMetadata(extras?.metadata),
    ...encodeUnknown(extras?.unknown),
  };
}

export function encodeUnknown(unknown: UnknownFields | undefined): { _unknownFields?: { [key: number]: Uint8Array[] } } {
  if (!unknown) return {};
  return { _unknownFields: Object.fromEntries(Object.entries(unknown).map(([tag, contents]) => [tag, [...contents]])) };
}

export function encodeMetadata(metadata: ReadonlyMap<string, string> | undefined): StringStringEntryProto[] {
  return [...(metadata ?? [])].map(([key, value]) => ({ key, value }));
}
