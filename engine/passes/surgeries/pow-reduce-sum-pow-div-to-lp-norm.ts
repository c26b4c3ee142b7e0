import type { SurgeonArguments } from '../../../domain/passes/native-surgeons.ts';
import { intAttribute, readInt } from '../../graph/attribute.ts';
import { constantOf } from '../../graph/constants.ts';
import { DataType, elementCount, isFloatType } from '../../graph/data-type.ts';
import type { Graph, Node } from '../../graph/graph.ts';
import type { Model } from '../../graph/model.ts';
import { isOnnxDomain } from '../../graph/node.ts';
import { toFloat32, toNumbers } from '../../graph/tensor.ts';
import type { TensorType } from '../../graph/value.ts';
import type { InferenceRuntime } from '../../runtime/inference-runtime.ts';
import { inferTypes } from '../../runtime/type-oracle.ts';
import type { Surgery } from './surgery.ts';

/** Replaces x / (sum of x^2 over the last axis)^0.5 by LpNormalization(x). */
export const powReduceSumPowDivToLpNorm: Surgery<SurgeonArguments<'PowReduceSumPowDiv2LpNorm'>> = {
  async operate(model, _args, { runtime }) {
    const { graph } = model;
    const chains = [...graph.nodes].flatMap((node) => chainBefore(graph, node) ?? []);
    const types = await typesOfRoots(model, chains, runtime);
    const normal = chains.filter((chain) => isNorm(chain, types.get(chain.root)));
    for (const chain of normal) replace(graph, chain);
    if (normal.length > 0 || chains.length === 0) return { changes: normal.length };
    return { changes: 0, whyNothing: 'no sum of squares is known to run over the last axis' };
  },
};

/** The nodes of x / (sum of x^2)^0.5; `root` is x. */
interface Chain {
  readonly root: string;
  readonly square: Node;
  readonly sum: Node;
  readonly squareRoot: Node;
  readonly quotient: Node;
  /** The one axis the sum runs over; null: all. */
  readonly axis: number | null;
}

/** The chain that a Div ends; undefined when there is none, or when its sum drops the axis or runs over several. */
function chainBefore(graph: Graph, quotient: Node): Chain | undefined {
  if (!isStandard(quotient, 'Div')) return undefined;
  const [root = '', norm = ''] = quotient.inputs;
  const squareRoot = producerOf(graph, norm, 'Pow');
  const sum = producerOf(graph, squareRoot?.inputs[0], 'ReduceSum');
  const square = producerOf(graph, sum?.inputs[0], 'Pow');
  if (squareRoot === undefined || sum === undefined || square === undefined || square.inputs[0] !== root) return undefined;
  if (exponentOf(graph, square) !== 2 || exponentOf(graph, squareRoot) !== 0.5 || readInt(sum, 'keepdims', 1) !== 1) return undefined;
  const axes = axesOf(graph, sum);
  if (axes === undefined || axes.length > 1) return undefined;
  return { root, square, sum, squareRoot, quotient, axis: axes[0] ?? null };
}

function isStandard({ opType, domain }: Node, wanted: string): boolean {
  return opType === wanted && isOnnxDomain(domain);
}

function producerOf(graph: Graph, value: string | undefined, opType: string): Node | undefined {
  const node = value === undefined ? undefined : graph.producer(value);
  return node !== undefined && isStandard(node, opType) ? node : undefined;
}

/** The exponent of a Pow when it is one number that changes no shape. */
function exponentOf(graph: Graph, power: Node): number | undefined {
  const tensor = constantOf(graph, power.inputs[1] ?? '');
  if (tensor === undefined || tensor.dims.length > 1 || elementCount(tensor.dims) !== 1) return undefined;
  if (isFloatType(tensor.dataType)) return toFloat32(tensor)[0];
  return tensor.dataType === DataType.INT64 || tensor.dataType === DataType.INT32 ? toNumbers(tensor)[0] : undefined;
}

/** Axes of a ReduceSum, by attribute before operator set 13 and by input since; undefined when they are computed or the sum is none. */
function axesOf(graph: Graph, sum: Node): readonly number[] | undefined {
  const attribute = sum.attributes.get('axes');
  const given = sum.inputs[1] ?? '';
  if (attribute?.kind === 'ints') return attribute.value.map(Number);
  if (given === '') return readInt(sum, 'noop_with_empty_axes', 0) === 0 ? [] : undefined;
  const tensor = constantOf(graph, given);
  return tensor?.dataType === DataType.INT64 ? toNumbers(tensor) : undefined;
}

/** Types of what the chains normalise: as declared for inputs and weights, as inferred for what nodes compute. */
async function typesOfRoots(model: Model, chains: readonly Chain[], runtime: InferenceRuntime): Promise<ReadonlyMap<string, TensorType>> {
  const { graph } = model;
  const roots = [...new Set(chains.map(({ root }) => root))];
  const values = roots.filter((root) => graph.producer(root) !== undefined);
  const types = new Map(values.length === 0 ? [] : await inferTypes(model, runtime, { values }));
  for (const root of roots) {
    const declared = graph.producer(root) === undefined ? graph.typeOf(root) : undefined;
    if (declared?.kind === 'tensor') types.set(root, declared);
  }
  return types;
}

function isNorm({ axis }: Chain, type: TensorType | undefined): boolean {
  if (type === undefined || !isFloatType(type.dataType)) return false;
  if (axis === -1) return true;
  const rank = type.dims?.length;
  return axis === null ? rank === 1 : rank !== undefined && axis === rank - 1;
}

function replace(graph: Graph, { root, quotient, squareRoot, sum, square }: Chain): void {
  const [output = ''] = quotient.outputs;
  graph.removeNode(quotient);
  for (const node of [squareRoot, sum, square]) removeIfUnread(graph, node);
  graph.addNode({
    opType: 'LpNormalization',
    name: graph.freshName(`${quotient.name}_lp_norm`),
    inputs: [root],
    outputs: [output],
    attributes: { p: intAttribute(2), axis: intAttribute(-1) },
  });
}

/** Removes a node nobody reads and its constants that nobody else reads. */
function removeIfUnread(graph: Graph, node: Node): void {
  if (!node.outputs.every((output) => isUnread(graph, output))) return;
  graph.removeNode(node);
  for (const output of node.outputs) graph.valueInfo.delete(output);
  for (const constant of node.inputs.slice(1)) {
    if (!isUnread(graph, constant)) continue;
    const producer = graph.producer(constant);
    if (producer?.opType === 'Constant') graph.removeNode(producer);
    else if (!graph.isInput(constant)) graph.removeInitializer(constant);
  }
}

function isUnread(graph: Graph, value: string): boolean {
  return graph.consumers(value).length === 0 && !graph.isOutput(value);
}
