import { tensorAttribute } from '../graph/attribute.ts';
import { DataType } from '../graph/data-type.ts';
import type { Attribute } from '../graph/graph.ts';
import { int64Tensor, int64Values, type Tensor } from '../graph/tensor.ts';
import { integer, literalOf, type Trace, type TraceNode, type TraceValue } from './trace.ts';

/** A parameter that the exporter transposed while it folded constants. */
export interface TransposedParameter {
  readonly value: TraceValue;
  readonly parameter: string;
}

/** A trace after constant folding. */
export interface FoldedTrace {
  readonly nodes: readonly TraceNode[];
  readonly transposed: readonly TransposedParameter[];
  /** The exporter's number of every value that has one. */
  readonly numbers: ReadonlyMap<TraceValue, number>;
}

/**
 * Does to a trace what PyTorch's exporter does before it names anything: removes operations without an effect, lets all uses of an integer share one
 * Constant, numbers the values (inputs, then the parameters in use, then results in order), and folds constants. What folding makes is numbered after
 * all of these.
 */
export function foldTrace(trace: Trace): FoldedTrace {
  const outputs = trace.outputs.map(({ value }) => value);
  const live = liveNodes(shareIntegers(liveNodes(trace.nodes, outputs)), outputs);
  const numbers = numberValues(trace, live);
  const transposed: TransposedParameter[] = [];
  const constants = new Map<TraceValue, Tensor>();
  let next = trace.inputs.length + usedParameters(trace, live) + live.reduce((sum, node) => sum + node.outputs.length, 0);
  const folded = live.flatMap((node): readonly TraceNode[] => {
    const [output = '', ...others] = node.outputs;
    const { value } = node.attributes;
    if (node.opType === 'Constant' && value?.kind === 'tensor') constants.set(output, value.value);
    const parameter = transposedParameter(node, trace);
    if (parameter !== undefined) transposed.push({ value: output, parameter });
    const tensor = others.length > 0 ? undefined : foldNode(node, constants);
    if (parameter === undefined && tensor === undefined) return [node];
    numbers.set(output, next++);
    if (tensor === undefined) return [];
    constants.set(output, tensor);
    return [{ ...node, opType: 'Constant', inputs: [], attributes: { value: tensorAttribute(tensor) } }];
  });
  return { nodes: liveNodes(folded, outputs), transposed, numbers };
}

/** The nodes that an output depends on, in order. */
function liveNodes(nodes: readonly TraceNode[], outputs: readonly TraceValue[]): readonly TraceNode[] {
  const needed = new Set(outputs);
  const live = nodes.toReversed().filter((node) => {
    const isLive = node.outputs.some((output) => needed.has(output));
    if (isLive) for (const input of node.inputs) needed.add(input);
    return isLive;
  });
  return live.toReversed();
}

/** Puts a Constant for each integer literal where it is first mentioned, in the module of that operation. */
function shareIntegers(nodes: readonly TraceNode[]): readonly TraceNode[] {
  const mentioned = new Set<number>();
  return nodes.flatMap((node) => {
    const inputs = node.inputs.flatMap((input) => literalOf(input) ?? []);
    const fresh = [...new Set([...node.literals, ...inputs])].filter((literal) => !mentioned.has(literal));
    for (const literal of fresh) mentioned.add(literal);
    return [...fresh.map((literal) => integerConstant(literal, node.scope)), node];
  });
}

function integerConstant(literal: number, scope: string | undefined): TraceNode {
  const attributes = { value: tensorAttribute(int64Tensor([], [literal])) };
  return { opType: 'Constant', inputs: [], outputs: [integer(literal)], attributes, scope, literals: [] };
}

function numberValues(trace: Trace, nodes: readonly TraceNode[]): Map<TraceValue, number> {
  const first = trace.inputs.length + usedParameters(trace, nodes);
  const values = nodes.flatMap(({ outputs }) => outputs);
  return new Map(values.map((value, index) => [value, first + index]));
}

function usedParameters({ parameters }: Trace, nodes: readonly TraceNode[]): number {
  return new Set(nodes.flatMap(({ inputs }) => inputs.filter((input) => parameters.has(input)))).size;
}

/** The parameter that a node transposes, or undefined. */
function transposedParameter({ opType, inputs: [input = ''] }: TraceNode, { parameters }: Trace): string | undefined {
  return opType === 'Transpose' && parameters.has(input) ? input : undefined;
}

/** Computes a node whose inputs are constants; undefined: the exporter leaves such a node in the graph. */
type Fold = (inputs: readonly Tensor[], attributes: Readonly<Record<string, Attribute>>) => Tensor | undefined;

/** What the exporter computes itself of the operations that traces hold. */
const FOLDS: ReadonlyMap<string, Fold> = new Map<string, Fold>([
  ['Unsqueeze', ([data]) => data && { ...data, dims: [1, ...data.dims] }],
  ['Concat', (inputs) => vectorOf(inputs.flatMap((tensor) => [...int64Values(tensor)]))],
  ['Reshape', ([data]) => data && { ...data, dims: [data.dims.reduce((product, dim) => product * dim, 1)] }],
  ['Shape', ([data]) => data && int64Tensor([data.dims.length], data.dims)],
  ['Cast', ([data], { to }) => (to?.kind === 'int' && Number(to.value) === data?.dataType ? data : undefined)],
]);

function foldNode({ opType, inputs, attributes }: TraceNode, constants: ReadonlyMap<TraceValue, Tensor>): Tensor | undefined {
  const tensors = inputs.flatMap((input) => constants.get(input) ?? []);
  return tensors.length === inputs.length ? FOLDS.get(opType)?.(tensors, attributes) : undefined;
}

function vectorOf(values: readonly bigint[]): Tensor {
  return { dataType: DataType.INT64, dims: [values.length], bytes: new Uint8Array(BigInt64Array.from(values).buffer) };
}
