import { intAttribute, readInt } from '../../graph/attribute.ts';
import { DataType, isFloatType } from '../../graph/data-type.ts';
import type { Graph, Node } from '../../graph/graph.ts';
import { allNodes } from '../../graph/topology.ts';

/** Adds a Cast and returns it. Names already taken get a number. */
function addCast(graph: Graph, name: string, cast: { readonly from: string; readonly to: string; readonly type: DataType }): Node {
  const attributes = { to: intAttribute(cast.type) };
  return graph.addNode({ opType: 'Cast', name: graph.freshName(name), inputs: [cast.from], outputs: [cast.to], attributes });
}

/** Lets the graph go on in float16 behind an input that stays float32. Returns the Cast. */
export function castAfterInput(graph: Graph, input: string, index: number): Node {
  const half = graph.freshName(`graph_input_cast_${index}`);
  graph.replaceUses(input, half);
  return addCast(graph, `graph_input_cast${index}`, { from: input, to: half, type: DataType.FLOAT16 });
}

/** Puts a Cast before an output that stays float32. Undefined when the output is an input itself. */
export function castBeforeOutput(graph: Graph, output: string, index: number): Node | undefined {
  const producer = graph.producer(output);
  const constant = graph.isInput(output) ? undefined : graph.initializers.get(output);
  if (producer === undefined && constant === undefined) return undefined;
  const half = graph.freshName(`graph_output_cast_${index}`);
  if (producer !== undefined) graph.setOutput(producer, producer.outputs.indexOf(output), half);
  if (constant !== undefined) {
    graph.removeInitializer(output);
    graph.setInitializer(half, constant);
  }
  graph.replaceUses(output, half);
  return addCast(graph, `graph_output_cast${index}`, { from: half, to: output, type: DataType.FLOAT });
}

/** Gives a float32 copy of a float16 value. Returns the copy's name. */
export function castToFloat32(graph: Graph, value: string): string {
  const to = graph.freshName(`${value}_cast_to_fp32`);
  addCast(graph, `${value}_cast_to_fp32_node`, { from: value, to, type: DataType.FLOAT });
  return to;
}

/** Lets readers of a float32 node's output read a float16 copy that takes over its name. Returns the name the float32 value goes by now. */
export function castOutputToFloat16(graph: Graph, node: Node, index: number): string {
  const to = node.outputs[index] ?? '';
  const from = graph.freshName(`${to}_cast_to_fp16`);
  graph.setOutput(node, index, from);
  addCast(graph, `${to}_cast_to_fp16_node`, { from, to, type: DataType.FLOAT16 });
  return from;
}

/** What a type is, for casts: whether it holds fractions, and how many bits of a whole number it holds. */
const WHOLE_BITS: ReadonlyMap<DataType, { readonly bits: number; readonly signed: boolean }> = new Map([
  [DataType.BOOL, { bits: 1, signed: false }],
  [DataType.UINT8, { bits: 8, signed: false }],
  [DataType.INT8, { bits: 7, signed: true }],
  [DataType.UINT16, { bits: 16, signed: false }],
  [DataType.INT16, { bits: 15, signed: true }],
  [DataType.UINT32, { bits: 32, signed: false }],
  [DataType.INT32, { bits: 31, signed: true }],
  [DataType.UINT64, { bits: 64, signed: false }],
  [DataType.INT64, { bits: 63, signed: true }],
]);

/**
 * Whether a value cast to `between` and then to `to` is, but for rounding, the value cast to `to` at once. Not so where the first cast cuts fractions
 * off, wraps around, or makes everything 0 or 1.
 */
export function isPassage(from: DataType | undefined, between: DataType, to: DataType): boolean {
  if (between === to || isFloatType(between)) return true;
  const source = from === undefined ? undefined : WHOLE_BITS.get(from);
  const middle = WHOLE_BITS.get(between);
  if (source === undefined || middle === undefined) return false;
  return source.bits <= middle.bits && (middle.signed || !source.signed);
}

/**
 * Lets each Cast read what the Cast before it reads, where that changes results by no more than rounding: other than the reference converter, which also
 * skips a Cast to int between two floats. `typeOf` tells the type of a value of a graph where it is known. Leaves `frozen` bodies alone. Returns how
 * many were skipped over; those nobody reads any more are the caller's to remove.
 */
export function skipCascadedCasts(main: Graph, typeOf: TypeOf, frozen: ReadonlySet<Graph>): number {
  let skipped = 0;
  for (const { graph, node } of [...allNodes(main)]) {
    if (node.opType !== 'Cast' || frozen.has(graph)) continue;
    for (let source = sourceBehind(graph, node, typeOf); source !== undefined; source = sourceBehind(graph, node, typeOf)) {
      graph.setInput(node, 0, source);
      skipped++;
    }
  }
  return skipped;
}

/** What the Cast before a Cast reads, when the former can be left out. */
function sourceBehind(graph: Graph, node: Node, typeOf: TypeOf): string | undefined {
  const parent = graph.producer(node.inputs[0] ?? '');
  const [source] = parent?.inputs ?? [];
  if (parent?.opType !== 'Cast' || source === undefined) return undefined;
  return isPassage(typeOf(source, graph), targetOf(parent), targetOf(node)) ? source : undefined;
}

/** The type that a Cast makes. */
export function targetOf(cast: Node): DataType {
  return readInt(cast, 'to', DataType.UNDEFINED);
}

type TypeOf = (value: string, graph: Graph) => DataType | undefined;

/**
 * Removes Casts to the type their input already has. One that makes a graph output goes only when it alone reads its input, and that input is
 * not a graph input. `typeOf` tells the type of a value of a graph where it is known. Leaves `frozen` bodies alone. Returns how many went.
 */
export function removeUselessCasts(main: Graph, typeOf: TypeOf, frozen: ReadonlySet<Graph> = new Set()): number {
  let removed = 0;
  for (const { graph, node } of [...allNodes(main)]) {
    const [input = ''] = node.inputs;
    const [output = ''] = node.outputs;
    if (node.opType !== 'Cast' || frozen.has(graph) || typeOf(input, graph) !== targetOf(node)) continue;
    if (graph.isOutput(output) && (graph.isInput(input) || graph.consumers(input).length !== 1)) continue;
    if (graph.bypass(node, input)) removed++;
  }
  return removed;
}
