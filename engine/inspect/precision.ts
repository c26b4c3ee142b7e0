import { isHeavyOp } from '../benchmark/heavy-nodes.ts';
import { dataTypeName, elementCount, isFloatType } from '../graph/data-type.ts';
import { type Graph, type Node, subgraphsOf } from '../graph/graph.ts';
import { type ElementTypes, elementTypes, integerAttribute, NO_TYPES } from './element-types.ts';

/** Heavy operators that read integers themselves, with the position of their weights. */
const INTEGER_OPERATORS: ReadonlyMap<string, number> = new Map([
  ['QLinearMatMul', 3],
  ['QLinearConv', 3],
  ['QGemm', 3],
  ['QAttention', 1],
  ['MatMulInteger', 1],
  ['MatMulInteger16', 1],
  ['ConvInteger', 1],
  ['MatMulIntegerToFloat', 1],
  ['DynamicQuantizeMatMul', 1],
]);

/** What the arithmetic of a model computes in. */
export interface ComputePrecision {
  /** Matrix products, convolutions, attention and recurrent cells: `float16`, `uint16 x uint8` (activations, weights) -> nodes. */
  readonly compute: Readonly<Record<string, number>>;
  readonly heavyNodes: number;
  /** Heavy nodes whose activations and weights are quantised. */
  readonly quantizedNodes: number;
  /** Heavy nodes with quantised weights and float activations. */
  readonly weightOnlyNodes: number;
  /** Share of quantised weights among weights that are float or quantised, by elements; null without any. */
  readonly quantizedWeightShare: number | null;
}

interface Operand {
  /** Name of the element type it is stored in; undefined when unknown. */
  readonly type: string | undefined;
  readonly quantized: boolean;
}

/** Looks at what stands before each heavy node, bodies included. Types come from `elementTypes`; unknown ones are called `unknown`. */
export function computePrecision(main: Graph): ComputePrecision {
  const tally = new Tally();
  tally.graph(main, NO_TYPES);
  const { compute, heavyNodes, quantizedNodes, weightOnlyNodes } = tally;
  const weights = tally.quantizedElements + tally.floatElements;
  return {
    compute: Object.fromEntries([...compute].sort(([, a], [, b]) => b - a)),
    heavyNodes,
    quantizedNodes,
    weightOnlyNodes,
    quantizedWeightShare: weights === 0 ? null : tally.quantizedElements / weights,
  };
}

class Tally {
  readonly compute = new Map<string, number>();
  heavyNodes = 0;
  quantizedNodes = 0;
  weightOnlyNodes = 0;
  quantizedElements = 0;
  floatElements = 0;

  graph(graph: Graph, outer: ElementTypes): void {
    const types = elementTypes(graph, outer);
    const quantized = new Set<string>();
    for (const node of graph.nodes) {
      if (isHeavyOp(node.opType)) this.#heavy(node, graph, types);
      const weights = quantizedWeightsOf(node);
      if (weights !== undefined) quantized.add(weights);
      for (const body of subgraphsOf(node)) this.graph(body, types);
    }
    for (const [name, { dataType, dims }] of graph.initializers) {
      if (quantized.has(name)) this.quantizedElements += elementCount(dims);
      else if (isFloatType(dataType)) this.floatElements += elementCount(dims);
    }
  }

  #heavy(node: Node, graph: Graph, types: ElementTypes): void {
    const [activations, weights] = operandsOf(node, graph, types);
    const label = labelOf(activations, weights);
    this.heavyNodes += 1;
    if (weights.quantized && activations.quantized) this.quantizedNodes += 1;
    else if (weights.quantized) this.weightOnlyNodes += 1;
    this.compute.set(label, (this.compute.get(label) ?? 0) + 1);
  }
}

function operandsOf(node: Node, graph: Graph, types: ElementTypes): readonly [Operand, Operand] {
  const { opType, inputs } = node;
  const direct = INTEGER_OPERATORS.get(opType);
  if (direct !== undefined) {
    // DynamicQuantizeMatMul quantises its float activations itself.
    const activations = opType.startsWith('DynamicQuantize') ? 'uint8' : nameOf(types.of(inputs[0] ?? ''));
    return [
      { type: activations, quantized: true },
      { type: nameOf(types.of(inputs[direct] ?? '')), quantized: true },
    ];
  }
  const activations = operandOf(inputs[0] ?? '', graph, types);
  if (opType === 'MatMulNBits') return [activations, { type: `int${integerAttribute(node, 'bits') ?? 4}`, quantized: true }];
  return [activations, operandOf(inputs[1] ?? inputs[0] ?? '', graph, types)];
}

function operandOf(value: string, graph: Graph, types: ElementTypes): Operand {
  const producer = graph.producer(value);
  if (producer?.opType !== 'DequantizeLinear') return { type: nameOf(types.of(value)), quantized: false };
  return { type: nameOf(types.of(producer.inputs[0] ?? '')), quantized: true };
}

function labelOf(activations: Operand, weights: Operand): string {
  if (!activations.quantized && !weights.quantized) return activations.type ?? weights.type ?? 'unknown';
  return `${activations.type ?? 'unknown'} x ${weights.type ?? 'unknown'}`;
}

/** The initialiser this node reads as quantised weights. */
function quantizedWeightsOf({ opType, inputs }: Node): string | undefined {
  if (opType === 'DequantizeLinear') return inputs[0];
  if (opType === 'MatMulNBits') return inputs[1];
  const position = INTEGER_OPERATORS.get(opType);
  return position === undefined ? undefined : inputs[position];
}

function nameOf(dataType: number | undefined): string | undefined {
  return dataType === undefined ? undefined : dataTypeName(dataType);
}
