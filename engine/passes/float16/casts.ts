import { intAttribute, readInt } from '../../graph/attribute.ts';
import { DataType } from '../../graph/data-type.ts';
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

/** Puts a Cast before an output that stays float32. Undefined when no node writes that output: it is an input or an initialiser itself. */
export function castBeforeOutput(graph: Graph, output: string, index: number): Node | undefined {
  const producer = graph.producer(output);
  if (producer === undefined) return undefined;
  const half = graph.freshName(`graph_output_cast_${index}`);
  graph.setOutput(producer, producer.outputs.indexOf(output), half);
  graph.replaceUses(output, half);
  return addCast(graph, `graph_output_cast${index}`, { from: half, to: output, type: DataType.FLOAT });
}

/** Gives one input slot of a node a float32 copy of the float16 value it reads. Returns the copy's name. */
export function castInputToFloat32(graph: Graph, node: Node, index: number): string {
  const from = node.inputs[index] ?? '';
  const to = graph.freshName(`${node.name}_input_cast_${index}`);
  graph.setInput(node, index, to);
  addCast(graph, `${node.name}_input_cast${index}`, { from, to, type: DataType.FLOAT });
  return to;
}

/** Lets readers of a float32 node's output read a float16 copy that takes over its name. Returns the name the float32 value goes by now. */
export function castOutputToFloat16(graph: Graph, node: Node, index: number): string {
  const to = node.outputs[index] ?? '';
  const from = graph.freshName(`${node.name}_output_cast_${index}`);
  graph.setOutput(node, index, from);
  addCast(graph, `${node.name}_output_cast${index}`, { from, to, type: DataType.FLOAT16 });
  return from;
}

/**
 * Lets each Cast read what the Cast before it reads. This changes meaning where the first one loses bits (float to int to float); Olive accepts
 * that after a conversion to float16, so Grove does. Returns how many were skipped over; those nobody reads any more are the caller's to remove.
 */
export function skipCascadedCasts(main: Graph): number {
  let skipped = 0;
  for (const { graph, node } of [...allNodes(main)]) {
    if (node.opType !== 'Cast') continue;
    for (let parent = graph.producer(node.inputs[0] ?? ''); parent?.opType === 'Cast'; parent = graph.producer(node.inputs[0] ?? '')) {
      graph.setInput(node, 0, parent.inputs[0] ?? '');
      skipped++;
    }
  }
  return skipped;
}

/**
 * Removes Casts to the type their input already has. One that makes a graph output goes only when it alone reads its input, and that input is
 * not a graph input. `typeOf` tells the type of a value where it is known. Returns how many went.
 */
export function removeUselessCasts(main: Graph, typeOf: (value: string) => DataType | undefined): number {
  let removed = 0;
  for (const { graph, node } of [...allNodes(main)]) {
    const [input = ''] = node.inputs;
    const [output = ''] = node.outputs;
    if (node.opType !== 'Cast' || typeOf(input) !== readInt(node, 'to', DataType.UNDEFINED)) continue;
    if (graph.isOutput(output) && (graph.isInput(input) || graph.consumers(input).length !== 1)) continue;
    if (graph.bypass(node, input)) removed++;
  }
  return removed;
}
