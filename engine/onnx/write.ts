import { type FileHandle, open } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { GroveError } from '../../domain/errors.ts';
import { DeviceConfigurationProto, FunctionProto, ModelProto, TrainingInfoProto } from '../../proto/gen/onnx.ts';
import type { Model } from '../graph/model.ts';
import { allocateBytes } from '../graph/tensor.ts';
import { sortTopologically } from '../graph/topology.ts';
import { endOf, placeTensors, type SharedDataFile, writeAt, writePlaced } from './data-file.ts';
import { graphChunks } from './encode-graph.ts';
import { type Chunks, delimited, type ExternalPlace, encodeMetadata, encodeUnknown, sizeOf } from './encode-tensor.ts';

const GRAPH_FIELD = 7;

/** A protobuf message cannot be larger: above it (less room for the graph) initializers must be external. */
const MAX_MODEL_BYTES = 2 ** 31 - 1;

/** Initializers above this force external data, as Olive's writer does (1.5 GiB). */
const FORCE_EXTERNAL_BYTES = 1.5 * 2 ** 30;

/** How a model is laid out in files; defaults are Olive's. */
export interface WriteOptions {
  /** Default false; true is forced when initializers exceed 1.5 GiB. */
  readonly saveAsExternalData?: boolean;
  /** Name of the data file, beside the model; default `<model file>.data`. */
  readonly externalDataName?: string;
  /** Initializers of at least this many bytes move out; default 1024. */
  readonly sizeThresholdBytes?: number;
  /** A data file in the model's folder for initializers to move to, in place of one of its own. */
  readonly sharedData?: SharedDataFile | undefined;
}

/** The files a model was written to. */
export interface WrittenModel {
  readonly modelPath: string;
  /** Present when initializers went to a data file. */
  readonly dataPath?: string;
  /** Where each initializer that went to the data file lies in it, by its name. */
  readonly places: ReadonlyMap<string, ExternalPlace>;
  /** Bytes of all files together. */
  readonly sizeBytes: number;
}

/** The model as one message, everything inline. Throws `too-large` above 2 GiB - 1. Sorts the graph when it is not sorted. */
export function encodeModel(model: Model): Uint8Array {
  const chunks = modelChunks(model, new Map());
  const bytes = allocateBytes(requireWritable(sizeOf(chunks), 'model'));
  let offset = 0;
  for (const chunk of chunks) {
    bytes.set(chunk, offset);
    offset += chunk.length;
  }
  return bytes;
}

/**
 * Writes a model, and its external data beside it. Weights go to the file without being copied. The model must not be read lazily from the
 * same files (Grove's reader never is). Throws `too-large` when the model cannot be one message even so.
 */
export async function writeModelFile(model: Model, path: string, options: WriteOptions = {}): Promise<WrittenModel> {
  const initializers = [...model.graph.initializers];
  const threshold = options.sizeThresholdBytes ?? 1024;
  if (options.sharedData) {
    const places = await options.sharedData.place(initializers, threshold);
    return { modelPath: path, places, sizeBytes: await writeGraphFile(model, path, places) };
  }
  const dataName = options.externalDataName ?? `${basename(path)}.data`;
  requirePlainName(dataName, basename(path));
  const inlineBytes = initializers.reduce((sum, [, tensor]) => sum + tensor.bytes.length, 0);
  const external = (options.saveAsExternalData ?? false) || inlineBytes > FORCE_EXTERNAL_BYTES;
  const placed = external ? placeTensors(initializers, { location: dataName, thresholdBytes: threshold, start: 0 }) : [];
  const places = new Map(placed.map(({ name, place }) => [name, place]));
  if (placed.length === 0) return { modelPath: path, places, sizeBytes: await writeGraphFile(model, path, places) };
  const dataPath = join(dirname(path), dataName);
  // The weights go out while the graph is encoded.
  const [, modelBytes] = await allDone([
    writeFileOf(dataPath, (file) => writePlaced(file.fd, placed)),
    writeGraphFile(model, path, places),
  ]);
  return { modelPath: path, dataPath, places, sizeBytes: modelBytes + endOf(placed) };
}

/** Waits for both also when one fails: nothing may be written any more once the caller hears of it. */
async function allDone<A, B>(writes: readonly [Promise<A>, Promise<B>]): Promise<[A, B]> {
  await Promise.allSettled(writes);
  return Promise.all(writes);
}

/** Writes the message alone. Returns its size. */
async function writeGraphFile(model: Model, path: string, places: ReadonlyMap<string, ExternalPlace>): Promise<number> {
  const chunks = modelChunks(model, places);
  const sizeBytes = requireWritable(sizeOf(chunks), path);
  await writeFileOf(path, (file) => writeChunks(file, chunks));
  return sizeBytes;
}

function modelChunks(model: Model, places: ReadonlyMap<string, ExternalPlace>): Chunks {
  sortTopologically(model.graph);
  const head = ModelProto.encode({
    ...emptyModel(),
    irVersion: BigInt(model.irVersion),
    producerName: model.producerName,
    ...(model.producerVersion === '' ? {} : { producerVersion: model.producerVersion }),
    ...(model.domain === '' ? {} : { domain: model.domain }),
    ...(model.modelVersion === 0n ? {} : { modelVersion: model.modelVersion }),
    ...(model.docString === '' ? {} : { docString: model.docString }),
  });
  const tail = ModelProto.encode({
    ...emptyModel(),
    opsetImport: [...model.opsetImports].map(([domain, version]) => ({ ...(domain === '' ? {} : { domain }), version: BigInt(version) })),
    metadataProps: encodeMetadata(model.metadata),
    trainingInfo: model.trainingInfo.map((encoded) => TrainingInfoProto.decode(encoded)),
    functions: model.functions.map((definition) => FunctionProto.decode(definition.encoded)),
    configuration: model.configurations.map((encoded) => DeviceConfigurationProto.decode(encoded)),
    ...encodeUnknown(model.unknown),
  });
  return [head.finish(), ...delimited(GRAPH_FIELD, graphChunks(model.graph, places)), tail.finish()];
}

function emptyModel(): ModelProto {
  return { opsetImport: [], metadataProps: [], trainingInfo: [], functions: [], configuration: [] };
}

function requireWritable(sizeBytes: number, what: string): number {
  if (sizeBytes <= MAX_MODEL_BYTES) return sizeBytes;
  throw new GroveError('too-large', { what: `ONNX model ${what}`, sizeBytes, limitBytes: MAX_MODEL_BYTES });
}

function requirePlainName(name: string, modelName: string): void {
  if (name === basename(name) && name !== modelName && !/[\\/:\0]/.test(name) && name !== '.' && name !== '..' && name !== '') return;
  throw new GroveError('unsafe-path', { path: name });
}

async function writeFileOf(path: string, write: (file: FileHandle) => Promise<void>): Promise<void> {
  const file = await open(path, 'w');
  try {
    await write(file);
  } finally {
    await file.close();
  }
}

/** Small chunks are joined so that a graph of thousands of pieces is not thousands of writes. */
const JOIN_BYTES = 1 << 18;

async function writeChunks(file: FileHandle, chunks: Chunks): Promise<void> {
  let position = 0;
  let small: Chunks = [];
  let smallBytes = 0;
  const flush = async (): Promise<void> => {
    await writeAt(file.fd, Buffer.concat(small, smallBytes), position);
    position += smallBytes;
    small = [];
    smallBytes = 0;
  };
  for (const chunk of chunks) {
    if (chunk.length < JOIN_BYTES) {
      small.push(chunk);
      smallBytes += chunk.length;
    }
    if (smallBytes >= JOIN_BYTES || chunk.length >= JOIN_BYTES) await flush();
    if (chunk.length < JOIN_BYTES) continue;
    await writeAt(file.fd, chunk, position);
    position += chunk.length;
  }
  await flush();
}
