import { DataType } from '../graph/data-type.ts';
import type { Model } from '../graph/model.ts';
import type { Tensor } from '../graph/tensor.ts';
import { type TensorType, tensorType, type ValueInfo } from '../graph/value.ts';
import { encodeModel } from '../onnx/write.ts';
import type { InferenceRuntime, ValueMetadata } from './inference-runtime.ts';
import type { ElementType } from './tensor.ts';

/** Initializers up to this size stay in the model that is asked about: shape arguments of Reshape, Slice and the like must be constants. */
const MAX_CONSTANT_BYTES = 8192;

const DATA_TYPES: Readonly<Record<ElementType, DataType>> = {
  float32: DataType.FLOAT,
  float64: DataType.DOUBLE,
  float16: DataType.FLOAT16,
  int8: DataType.INT8,
  int16: DataType.INT16,
  int32: DataType.INT32,
  int64: DataType.INT64,
  uint8: DataType.UINT8,
  uint16: DataType.UINT16,
  uint32: DataType.UINT32,
  uint64: DataType.UINT64,
  bool: DataType.BOOL,
  string: DataType.STRING,
};

/** How hard the oracle thinks. */
export interface OracleOptions {
  /**
   * Also folds constants (default false): shapes behind Shape, Gather and Reshape arithmetic are then known where the inputs' are, which plain
   * inference leaves open.
   */
  readonly foldConstants?: boolean;
  /** The values to tell of; default all that nodes of the main graph compute. */
  readonly values?: readonly string[];
  /** Sizes to suppose for symbolic dimensions of the inputs, by name; what is left out stays symbolic. */
  readonly sizes?: ReadonlyMap<string, number>;
  /** Whether scalars are told from unknown ranks (default true), which takes a second question; otherwise the dims of both are undefined. */
  readonly tellScalars?: boolean;
}

/**
 * Element type and shape of every value that a node of the main graph computes, as ONNX Runtime infers them: each becomes an untyped output of
 * a temporary model whose session reports it. Type records of the model are not used, so stale ones do no harm; weights are not copied, they
 * stand in as inputs of their type. The model is unchanged afterwards, except that its nodes may have been sorted.
 *
 * `dims` is an empty list for a scalar and undefined for an unknown rank; values that are no plain tensors are left out.
 * Throws `session-failed` or `invalid-onnx` when ONNX Runtime does not accept the model.
 */
export async function inferTypes(
  model: Model,
  runtime: InferenceRuntime,
  { foldConstants = false, values = computedValues(model), sizes = new Map(), tellScalars = true }: OracleOptions = {},
): Promise<ReadonlyMap<string, TensorType>> {
  const oracle = { runtime, foldConstants, sizes };
  const answers = (await ask(model, oracle, { outputs: values, ranks: [] })).filter((answer) => answer.dtype !== 'other');
  const ambiguous = answers.filter(({ dims }) => dims.length === 0).map(({ name }) => name);
  const scalars = await findScalars(model, oracle, tellScalars ? ambiguous : []);
  return new Map(
    answers.flatMap((answer) => (answer.dtype === 'other' ? [] : [[answer.name, typeOf(answer, answer.dtype, scalars)] as const])),
  );
}

function typeOf({ name, dims }: ValueMetadata, dtype: ElementType, scalars: ReadonlySet<string>): TensorType {
  const isUnknown = dims.length === 0 && !scalars.has(name);
  return tensorType(DATA_TYPES[dtype], isUnknown ? undefined : dims);
}

/** ONNX Runtime reports an empty shape for scalars and for unknown ranks alike. The shape of a scalar's shape, though, is known: [0]. */
async function findScalars(model: Model, oracle: Oracle, names: readonly string[]): Promise<ReadonlySet<string>> {
  if (names.length === 0) return new Set();
  const answers = await ask(model, oracle, { outputs: [], ranks: names });
  return new Set(names.filter((_, i) => answers[i]?.dims[0] === 0));
}

interface Oracle {
  readonly runtime: InferenceRuntime;
  readonly foldConstants: boolean;
  readonly sizes: ReadonlyMap<string, number>;
}

function computedValues({ graph }: Model): readonly string[] {
  return [...graph.nodes].flatMap((node) => node.outputs).filter((name) => name !== '');
}

/** What a temporary model is asked: the types of `outputs`, then those of the shapes of `ranks`. */
interface Question {
  readonly outputs: readonly string[];
  readonly ranks: readonly string[];
}

async function ask(model: Model, oracle: Oracle, question: Question): Promise<readonly ValueMetadata[]> {
  const { runtime, foldConstants, sizes } = oracle;
  const bytes = encodeQuestion(model, question, sizes);
  const settings = { optimizationLevel: foldConstants ? 'basic' : 'disabled', intraOpThreads: 1, quiet: true } as const;
  const session = await runtime.createSession({ model: { bytes }, ep: 'CPUExecutionProvider', settings });
  await session.close();
  return session.outputs;
}

/** Encodes the temporary model. Changes the given one and puts it back before anyone else can look: nothing here is asynchronous. */
function encodeQuestion(model: Model, question: Question, sizes: ReadonlyMap<string, number>): Uint8Array {
  const { graph } = model;
  const inputs = [...graph.inputs];
  const outputs = [...graph.outputs];
  const valueInfo = [...graph.valueInfo];
  const initializers = [...graph.initializers];
  const probes = question.ranks.map((name) => graph.addNode({ opType: 'Shape', inputs: [name], outputs: [graph.freshName('rank_probe')] }));
  try {
    graph.valueInfo.clear();
    graph.inputs.splice(0, inputs.length, ...inputs.map((input) => sized(input, sizes)));
    const declared = new Set(inputs.map(({ name }) => name));
    for (const [name, tensor] of initializers) {
      if (isSmall(tensor)) continue;
      graph.removeInitializer(name);
      if (!declared.has(name)) graph.addInput(name, tensorType(tensor.dataType, tensor.dims));
    }
    graph.outputs.splice(0, graph.outputs.length, ...[...question.outputs, ...probes.flatMap((probe) => probe.outputs)].map(untyped));
    return encodeModel(model);
  } finally {
    for (const probe of probes) graph.removeNode(probe);
    graph.inputs.splice(0, graph.inputs.length, ...inputs);
    graph.outputs.splice(0, graph.outputs.length, ...outputs);
    for (const [name, info] of valueInfo) graph.valueInfo.set(name, info);
    // All of them, so that their order stays what it was.
    for (const [name] of initializers) graph.removeInitializer(name);
    for (const [name, tensor] of initializers) graph.setInitializer(name, tensor);
  }
}

function sized(info: ValueInfo, sizes: ReadonlyMap<string, number>): ValueInfo {
  if (info.type?.kind !== 'tensor' || info.type.dims === undefined) return info;
  const dims = info.type.dims.map((dim) => (typeof dim === 'string' ? (sizes.get(dim) ?? dim) : dim));
  return { ...info, type: { ...info.type, dims } };
}

function untyped(name: string): ValueInfo {
  return { name, type: undefined };
}

function isSmall(tensor: Tensor): boolean {
  return tensor.bytes.length <= MAX_CONSTANT_BYTES;
}
