import { intAttribute, readInt } from '../../graph/attribute.ts';
import { DataType } from '../../graph/data-type.ts';
import type { Graph, Node } from '../../graph/graph.ts';
import { isOnnxDomain } from '../../graph/node.ts';

/**
 * Makes int64 inputs int32. Casts behind them read the new type, those to int32 go; other readers get a Cast back to int64. Inputs that are outputs too
 * stay. Returns how many changed.
 */
export function useInt32Inputs(graph: Graph): number {
  let changed = 0;
  for (const input of graph.inputs) {
    const { name, type } = input;
    if (type?.kind !== 'tensor' || type.dataType !== DataType.INT64 || graph.isOutput(name) || graph.initializers.has(name)) continue;
    castReaders(graph, name);
    input.type = { ...type, dataType: DataType.INT32 };
    changed++;
  }
  return changed;
}

function castReaders(graph: Graph, input: string): void {
  const casts = graph.consumers(input).filter(isCast);
  const long = graph.freshName(`${input}_int64`);
  graph.replaceUses(input, long);
  for (const cast of casts) {
    graph.setInput(cast, 0, input);
    if (readInt(cast, 'to', DataType.UNDEFINED) === DataType.INT32) graph.bypass(cast, input);
  }
  if (graph.useCount(long) === 0) return;
  const attributes = { to: intAttribute(DataType.INT64) };
  graph.addNode({ opType: 'Cast', name: graph.freshName('Cast'), inputs: [input], outputs: [long], attributes });
}

function isCast(node: Node): boolean {
  return node.opType === 'Cast' && isOnnxDomain(node.domain);
}
