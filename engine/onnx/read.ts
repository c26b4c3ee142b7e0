import { readFile, stat } from 'node:fs/promises';
import { basename, dirname } from 'node:path';
import { GroveError } from '../../domain/errors.ts';
import { DeviceConfigurationProto, FunctionProto, ModelProto, TrainingInfoProto } from '../../proto/gen/onnx.ts';
import type { FunctionDefinition, Model } from '../graph/model.ts';
import { isOnnxDomain } from '../graph/node.ts';
import { decodeGraph } from './decode-graph.ts';
import { decodeMetadata, safeNumber } from './decode-tensor.ts';
import { type ExternalData, ExternalFolder, noExternalData } from './external-data.ts';
import { scanModel } from './scan.ts';

/** A protobuf message cannot be larger. */
const MAX_MODEL_BYTES = 2 ** 31 - 1;

/** Options of `readModel`. */
export interface ReadOptions {
  /** The model's name in errors; default `model`. */
  readonly where?: string;
  /** Source of external tensors; default none: a model that has some is refused. */
  readonly external?: ExternalData;
}

/**
 * Decodes an ONNX model. Tensors are views of `bytes`, which must not change afterwards. Throws `invalid-onnx` for anything that is not a
 * well-formed model (with the place) and `too-large` for one that would not fit into memory; structure beyond single messages is
 * `checkModel`'s.
 */
export function readModel(bytes: Uint8Array, options: ReadOptions = {}): Model {
  const where = options.where ?? 'model';
  const external = options.external ?? noExternalData;
  scanModel(bytes, where);
  const proto = decodeProto(bytes, where);
  if (!proto.graph) throw new GroveError('invalid-onnx', { where, problem: 'it holds no graph; it may not be an ONNX model at all' });
  const { _unknownFields: unknown } = proto;
  return freeInitializers({
    irVersion: safeNumber(proto.irVersion ?? 0n, where),
    opsetImports: decodeImports(proto, where),
    producerName: proto.producerName ?? '',
    producerVersion: proto.producerVersion ?? '',
    domain: proto.domain ?? '',
    modelVersion: proto.modelVersion ?? 0n,
    docString: proto.docString ?? '',
    metadata: decodeMetadata(proto.metadataProps),
    graph: decodeGraph(proto.graph, { external, where }),
    functions: proto.functions.map(decodeFunction),
    trainingInfo: proto.trainingInfo.map((info) => TrainingInfoProto.encode(info).finish()),
    configurations: proto.configuration.map((item) => DeviceConfigurationProto.encode(item).finish()),
    ...(unknown ? { unknown } : {}),
  });
}

/** From this version on an initializer that is also an input is a default that callers may replace. */
const FIRST_IR_WITH_DEFAULTS = 4;

/**
 * Before version 4 every initializer had to be listed as an input, and runtimes treat it as the constant it is meant to be. Read as version 4 without
 * those inputs, so that nobody takes weights for defaults, and added initializers need no input.
 */
function freeInitializers(model: Model): Model {
  const { graph, irVersion } = model;
  if (irVersion < 1 || irVersion >= FIRST_IR_WITH_DEFAULTS || graph.initializers.size === 0) return model;
  const inputs = graph.inputs.filter(({ name }) => !graph.initializers.has(name));
  graph.inputs.splice(0, graph.inputs.length, ...inputs);
  return { ...model, irVersion: FIRST_IR_WITH_DEFAULTS };
}

/** Reads a model file and, from its folder, the external data it names. Throws `not-found`, `invalid-onnx` or `too-large`. */
export async function readModelFile(path: string): Promise<Model> {
  const bytes = await readModelBytes(path);
  const external = new ExternalFolder(dirname(path));
  try {
    return readModel(bytes, { where: basename(path), external });
  } finally {
    external.close();
  }
}

/** The bytes of a model file. Throws `not-found`, `invalid-onnx` for what is no file, `too-large` for what no message can hold. */
export async function readModelBytes(path: string): Promise<Uint8Array> {
  const status = await stat(path).catch((cause: unknown) => {
    throw new GroveError('not-found', { kind: 'model file', id: path }, { cause });
  });
  // Before opening: to open a named pipe would wait for its writer.
  if (!status.isFile()) throw new GroveError('invalid-onnx', { where: basename(path), problem: 'it is not a file' });
  if (status.size > MAX_MODEL_BYTES) {
    throw new GroveError('too-large', { what: `ONNX model ${basename(path)}`, sizeBytes: status.size, limitBytes: MAX_MODEL_BYTES });
  }
  const content = await readFile(path);
  return new Uint8Array(content.buffer, content.byteOffset, content.byteLength);
}

/** The scan has refused what the decoder could stumble over; whatever it still throws is the model's fault as well. */
function decodeProto(bytes: Uint8Array, where: string): ModelProto {
  try {
    return ModelProto.decode(bytes);
  } catch (cause) {
    const problem = cause instanceof Error ? cause.message : String(cause);
    throw new GroveError('invalid-onnx', { where, problem }, { cause });
  }
}

function decodeImports(proto: ModelProto, where: string): Map<string, number> {
  const imports = new Map<string, number>();
  for (const entry of proto.opsetImport) {
    const domain = entry.domain ?? '';
    const version = safeNumber(entry.version ?? 0n, `${where}, opset_import`);
    const known = isOnnxDomain(domain) ? (imports.get('') ?? imports.get('ai.onnx')) : imports.get(domain);
    if ((known ?? version) !== version) {
      throw new GroveError('invalid-onnx', { where, problem: `operator set "${domain}" is imported in two versions` });
    }
    imports.set(domain, version);
  }
  return imports;
}

function decodeFunction(proto: FunctionProto): FunctionDefinition {
  return {
    domain: proto.domain ?? '',
    name: proto.name ?? '',
    overload: proto.overload ?? '',
    encoded: FunctionProto.encode(proto).finish(),
  };
}
