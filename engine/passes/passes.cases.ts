import { GroveError } from '../../domain/errors.ts';
import { tensorAttribute } from '../graph/attribute.ts';
import { DataType } from '../graph/data-type.ts';
import { Graph, type Node } from '../graph/graph.ts';
import { createModel, type Model } from '../graph/model.ts';
import type { Tensor } from '../graph/tensor.ts';
import { allNodes } from '../graph/topology.ts';
import { type Dim, tensorType } from '../graph/value.ts';
import { encodeModel } from '../onnx/write.ts';
import type { InferenceRuntime, ValueMetadata } from '../runtime/inference-runtime.ts';
import { loadOrtNode } from '../runtime/ort-node.ts';
import type { NamedTensors } from '../runtime/tensor.ts';
import type { PassContext } from './pass.ts';

let loaded: Promise<InferenceRuntime> | undefined;

/** ONNX Runtime, loaded once for a test file. */
export function runtime(): Promise<InferenceRuntime> {
  loaded ??= loadOrtNode();
  return loaded;
}

/** A context without data that keeps nothing of what it is told. */
export async function passContext(signal: AbortSignal = new AbortController().signal): Promise<PassContext> {
  const data = (name: string): never => {
    throw new GroveError('unsupported-data', { name, problem: 'this test has no data' });
  };
  return { accelerator: 'cpu-cpu', runtime: await runtime(), modelAttributes: {}, data, log: () => {}, progress: () => {}, signal };
}

/** An empty float graph with inputs of the given dims. */
export function graphWith(inputs: Readonly<Record<string, readonly Dim[]>>): Graph {
  const graph = new Graph('test');
  for (const [name, dims] of Object.entries(inputs)) graph.addInput(name, tensorType(DataType.FLOAT, dims));
  return graph;
}

/** A model around the graph at opset 17. */
export function modelOf(graph: Graph): Model {
  return createModel(graph, { irVersion: 8, opsetImports: [['', 17]] });
}

/** A Constant node that writes `output`. */
export function constant(graph: Graph, output: string, value: Tensor): Node {
  return graph.addNode({
    opType: 'Constant',
    name: `make_${output}`,
    inputs: [],
    outputs: [output],
    attributes: { value: tensorAttribute(value) },
  });
}

/** How many nodes of each operator a model has, bodies included. */
export function histogram(model: Model): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { node } of allNodes(model.graph)) counts[node.opType] = (counts[node.opType] ?? 0) + 1;
  return counts;
}

/** Loads the model in ONNX Runtime, runs it once and tells what its ends look like. */
export async function runOnce(
  model: Model,
  feeds: NamedTensors,
): Promise<{ readonly outputs: NamedTensors; readonly ends: readonly ValueMetadata[] }> {
  const session = await (await runtime()).createSession({ model: { bytes: encodeModel(model) }, ep: 'CPUExecutionProvider' });
  try {
    return { outputs: await session.run(feeds), ends: [...session.inputs, ...session.outputs] };
  } finally {
    await session.close();
  }
}

/** Loads the model in ONNX Runtime, which throws when it does not accept it. */
export async function loadOnce(model: Model): Promise<void> {
  const session = await (await runtime()).createSession({ model: { bytes: encodeModel(model) }, ep: 'CPUExecutionProvider' });
  await session.close();
}

/** An input model of which no pass asks anything. */
export const ONNX_INPUT = { type: 'ONNXModel', task: '', config: {} };
