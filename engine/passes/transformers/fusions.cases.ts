import { expect } from 'vitest';
import type { Graph } from '../../graph/graph.ts';
import type { Model } from '../../graph/model.ts';
import { float32Tensor, type Tensor as GraphTensor } from '../../graph/tensor.ts';
import { encodeModel } from '../../onnx/write.ts';
import type { NamedTensors, Tensor } from '../../runtime/tensor.ts';
import { ortTransformersOptimization as pass } from '../ort-transformers-optimization.ts';
import type { PassContext, PassReport } from '../pass.ts';
import { histogram, passContext, runtime } from '../passes.cases.ts';

/** Parameters of a pass that only fuses. */
const ONLY_FUSIONS = { model_type: 'bert', opt_level: 0 };

/** Optimises a model with fusions only, unless the parameters say otherwise. */
export async function optimize(
  model: Model,
  params: object = {},
  context: Partial<PassContext> = {},
): Promise<{ readonly model: Model; readonly report: PassReport }> {
  const given = pass.manifest.params.parse({ ...ONLY_FUSIONS, ...params });
  return await pass.run(model, given, { ...(await passContext()), ...context });
}

/** One inference without any optimisation of ONNX Runtime's, which would fuse by itself. */
export async function outputsOf(model: Model, feeds: NamedTensors): Promise<NamedTensors> {
  const settings = { optimizationLevel: 'disabled', intraOpThreads: 1, quiet: true } as const;
  const session = await (await runtime()).createSession({ model: { bytes: encodeModel(model) }, ep: 'CPUExecutionProvider', settings });
  try {
    return await session.run(feeds);
  } finally {
    await session.close();
  }
}

/** What is asked of a fused model. */
export interface FusionCheck {
  readonly feeds: NamedTensors;
  /** Optimisation options as a recipe writes them. */
  readonly options?: Readonly<Record<string, unknown>>;
  /** Largest difference of an output, relative to 1 and its size; default 1e-5. */
  readonly tolerance?: number;
}

/** Fuses a model, expects its outputs to stay what they were, and returns how many nodes of each operator it has then. */
export async function fusedOperators(
  make: () => Model,
  { feeds, options = {}, tolerance = 1e-5 }: FusionCheck,
): Promise<Record<string, number>> {
  const before = await outputsOf(make(), feeds);
  const { model } = await optimize(make(), { optimization_options: options });
  expectNear(await outputsOf(model, feeds), before, tolerance);
  return histogram(model);
}

/** Compares outputs element by element. */
function expectNear(actual: NamedTensors, expected: NamedTensors, tolerance: number): void {
  expect(Object.keys(actual)).toEqual(Object.keys(expected));
  for (const [name, tensor] of Object.entries(expected)) {
    expect(actual[name]?.dims).toEqual(tensor.dims);
    expect(largestDifference(actual[name], tensor)).toBeLessThanOrEqual(tolerance);
  }
}

/** Relative to the larger of 1 and the expected element. Equal infinities and NaN count as equal. */
export function largestDifference(actual: Tensor | undefined, expected: Tensor): number {
  let largest = 0;
  for (const [index, element] of expected.data.entries()) {
    const other = actual?.data[index];
    if (Object.is(other, element)) continue;
    const difference = Math.abs(Number(other) - Number(element)) / Math.max(1, Math.abs(Number(element)));
    largest = Math.max(largest, Number.isNaN(difference) ? Number.POSITIVE_INFINITY : difference);
  }
  return largest;
}

/** Adds a node and returns its only output, named after the operator. */
export function add(
  graph: Graph,
  opType: string,
  inputs: readonly string[],
  attributes: Parameters<Graph['addNode']>[0]['attributes'] = {},
): string {
  const output = graph.freshName(opType.toLowerCase());
  graph.addNode({ opType, inputs, outputs: [output], attributes });
  return output;
}

/** Adds an initialiser and returns its name. */
export function hold(graph: Graph, tensor: GraphTensor, base = 'constant'): string {
  const name = graph.freshName(base);
  graph.setInitializer(name, tensor);
  return name;
}

/** A float32 initialiser of deterministic values between -1 and 1. */
export function weight(graph: Graph, ...dims: readonly number[]): string {
  const count = dims.reduce((product, dim) => product * dim, 1);
  return hold(graph, float32Tensor(dims, wave(count)), 'weight');
}

/** Deterministic values between -1 and 1. */
export function wave(count: number): Float32Array {
  return Float32Array.from({ length: count }, (_, index) => Math.sin(1 + index * 1.7));
}

/** A float32 scalar initialiser. */
export function number(graph: Graph, value: number, dims: readonly number[] = []): string {
  return hold(graph, float32Tensor(dims, [value]), 'number');
}

/** A float32 feed of deterministic values. */
export function floatFeed(...dims: readonly number[]): Tensor {
  return { dtype: 'float32', dims, data: wave(dims.reduce((product, dim) => product * dim, 1)) };
}
