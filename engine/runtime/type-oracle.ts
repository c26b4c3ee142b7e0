import { DataType } from '../graph/data-type.ts';
import type { Model } from '../graph/model.ts';
import type { Tensor } from '../graph/tensor.ts';
import { type Dim, type TensorType, tensorType, type ValueInfo } from '../graph/value.ts';
import { encodeModel } from '../onnx/write.ts';
import type { InferenceRuntime, Session, ValueMetadata } from './inference-runtime.ts';
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

export interface OracleOptions {
  /**
   * Also folds constants (default false): shapes behind Shape, Gather and Reshape arithmetic are then known where the inputs' are, which plain
   * inference leaves open.
   */
  readonly foldConstants?: boolean;
}

/**
 * Element type and shape of every value that a node of the main graph computes, as ONNX Runtime infers them: each becomes an untyped output of
 * a temporary model whose session reports it. Type records of the model are not used, so stale ones do no harm; weights are not copied, they
 * stand in as inputs of their type. The model is unchanged afterwards, except that its nodes may have been sorted.
 *
 * `dims` is undefined for a scalar and for an unknown rank, which ONNX Runtime reports alike; values that are no plain tensors are left out.
 * Throws `session-failed` or `invalid-onnx` when ONNX Runtime does not accept the model.
 */
export async function inferTypes(
  model: Model,
  runtime: InferenceRuntime,
  { foldConstants = false }: OracleOptions = {},
): Promise<ReadonlyMap<string, TensorType>> {
  const bytes = encodeQuestion(model);
  const session = await runtime.createSession({
    model: { bytes },
    ep: 'CPUExecutionProvider',
    settings: { optimizationLevel: foldConstants ? 'basic' : 'disabled', intraOpThreads: 1 },
  });
  try {
    return readAnswers(session);
  } finally {
    await session.close();
  }
}

/** Encodes the temporary model. Changes the given one and puts it back before anyone else can look: nothing here is asynchronous. */
function encodeQuestion(model: Model): Uint8Array {
  const { graph } = model;
  const inputs = [...graph.inputs];
  const outputs = [...graph.outputs];
  const valueInfo = [...graph.valueInfo];
  const initializers = [...graph.initializers];
  try {
    graph.valueInfo.clear();
    for (const [name, tensor] of initializers) if (!isSmall(tensor)) moveToInputs(model, name, tensor);
    graph.outputs.splice(0, graph.outputs.length, ...computedValues(model));
    return encodeModel(model);
  } finally {
    graph.inputs.splice(0, graph.inputs.length, ...inputs);
    graph.outputs.splice(0, graph.outputs.length, ...outputs);
    for (const [name, info] of valueInfo) graph.valueInfo.set(name, info);
    // All of them, so that their order stays what it was.
    for (const [name] of initializers) graph.removeInitializer(name);
    for (const [name, tensor] of initializers) graph.setInitializer(name, tensor);
  }
}

function isSmall(tensor: Tensor): boolean {
  return tensor.bytes.length <= MAX_CONSTANT_BYTES;
}

function moveToInputs({ graph }: Model, name: string, tensor: Tensor): void {
  graph.removeInitializer(name);
  const declared = graph.inputs.some((input) => input.name === name);
  if (!declared) graph.addInput(name, tensorType(tensor.dataType, tensor.dims));
}

function computedValues({ graph }: Model): ValueInfo[] {
  const names = [...graph.nodes].flatMap((node) => node.outputs).filter((name) => name !== '');
  return names.map((name) => ({ name, type: undefined }));
}

function readAnswers(session: Session): ReadonlyMap<string, TensorType> {
  const types = new Map<string, TensorType>();
  for (const output of session.outputs) {
    if (output.dtype !== 'other') types.set(output.name, tensorType(DATA_TYPES[output.dtype], dimsOf(output)));
  }
  return types;
}

function dimsOf({ dims }: ValueMetadata): readonly Dim[] | undefined {
  return dims.length === 0 ? undefined : dims;
}
