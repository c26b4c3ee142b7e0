import { DataType } from '../graph/data-type.ts';
import { type Graph, type Node, subgraphsOf } from '../graph/graph.ts';

/** Operators whose first output has one type whatever they read. */
const FIXED_RESULTS: ReadonlyMap<string, DataType> = new Map([
  ...['Shape', 'Size', 'NonZero', 'ArgMax', 'ArgMin'].map((type) => [type, DataType.INT64] as const),
  ...['Equal', 'Greater', 'GreaterOrEqual', 'Less', 'LessOrEqual', 'Not', 'And', 'Or', 'Xor', 'IsNaN', 'IsInf'].map(
    (type) => [type, DataType.BOOL] as const,
  ),
  ...['MatMulInteger', 'ConvInteger'].map((type) => [type, DataType.INT32] as const),
  ...['DynamicQuantizeMatMul', 'MatMulIntegerToFloat'].map((type) => [type, DataType.FLOAT] as const),
]);

/** Operators whose result has the type of another input than the first. */
const RESULT_LIKE: ReadonlyMap<string, number> = new Map([
  ['CastLike', 1],
  ['DequantizeLinear', 1],
  ['Where', 1],
  ['OneHot', 2],
  ['EmbedLayerNormalization', 2],
]);

/** Element types of a graph's values by name; what an enclosing graph defines is looked up there. */
export interface ElementTypes {
  of(value: string): DataType | undefined;
}

/** What holds where nothing is known. */
export const NO_TYPES: ElementTypes = { of: () => undefined };

/**
 * Element types of the values of one graph, from what the model declares and from a few rules on operators: enough to tell precisions apart without
 * loading the model anywhere. What remains unknown is undefined. One walk over the nodes, in their order.
 */
export function elementTypes(graph: Graph, outer: ElementTypes = NO_TYPES): ElementTypes {
  const types = new Map<string, DataType>();
  const of = (value: string): DataType | undefined => types.get(value) ?? outer.of(value);
  for (const info of [...graph.inputs, ...graph.outputs, ...graph.valueInfo.values()]) {
    if (info.type?.kind === 'tensor') types.set(info.name, info.type.dataType);
  }
  for (const [name, tensor] of graph.initializers) types.set(name, tensor.dataType);
  for (const node of graph.nodes) {
    const [first = '', ...others] = node.outputs;
    const result = resultType(node, of);
    if (result !== undefined && !types.has(first)) types.set(first, result);
    if (node.opType === 'Split' && result !== undefined) for (const other of others) types.set(other, result);
  }
  return { of };
}

function resultType(node: Node, of: ElementTypes['of']): DataType | undefined {
  const { opType, inputs } = node;
  if (opType === 'Constant' || opType === 'ConstantOfShape') return constantType(node);
  if (opType === 'Cast') return integerAttribute(node, 'to');
  if (opType === 'QuantizeLinear') return integerAttribute(node, 'output_dtype') ?? of(inputs[2] ?? '') ?? DataType.UINT8;
  if (opType === 'DynamicQuantizeLinear') return DataType.UINT8;
  const fixed = FIXED_RESULTS.get(opType);
  // A body's own types are not looked at from outside.
  if (fixed !== undefined || subgraphsOf(node).length > 0) return fixed;
  const like = RESULT_LIKE.get(opType);
  if (like !== undefined) return of(inputs[like] ?? '');
  return inputs.map(of).find((type) => type !== undefined);
}

function constantType({ opType, attributes }: Node): DataType | undefined {
  const value = attributes.get('value');
  if (value?.kind === 'tensor') return value.value.dataType;
  if (attributes.has('value_int') || attributes.has('value_ints')) return DataType.INT64;
  if (attributes.has('value_string') || attributes.has('value_strings')) return DataType.STRING;
  return opType === 'ConstantOfShape' || attributes.has('value_float') || attributes.has('value_floats') ? DataType.FLOAT : undefined;
}

/** Undefined when the node has no such integer, and for 0, which means "not given" wherever types are numbered. */
export function integerAttribute({ attributes }: Node, name: string): number | undefined {
  const attribute = attributes.get(name);
  return attribute?.kind === 'int' && attribute.value !== 0n ? Number(attribute.value) : undefined;
}
