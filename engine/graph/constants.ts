import type { Graph } from './graph.ts';
import { float32Tensor, int64Tensor, type Tensor } from './tensor.ts';

/**
 * The tensor a value always is: an initialiser nobody can override by an input of its name, or what a Constant node writes. Looks in the
 * enclosing graphs too. Undefined for everything else, sparse and string constants among it.
 */
export function constantOf(graph: Graph, value: string): Tensor | undefined {
  const home = holderOf(graph, value);
  if (home === undefined || home.isInput(value)) return undefined;
  const tensor = home.initializers.get(value);
  if (tensor !== undefined) return tensor;
  const node = home.producer(value);
  if (node?.opType !== 'Constant') return undefined;
  for (const attribute of node.attributes.values()) {
    if (attribute.kind === 'tensor') return attribute.value;
    if (attribute.kind === 'float') return float32Tensor([], [attribute.value]);
    if (attribute.kind === 'floats') return float32Tensor([attribute.value.length], attribute.value);
    if (attribute.kind === 'int') return int64Tensor([], [Number(attribute.value)]);
    if (attribute.kind === 'ints') return int64Tensor([attribute.value.length], attribute.value.map(Number));
  }
  return undefined;
}

function holderOf(graph: Graph, value: string): Graph | undefined {
  let home: Graph | undefined = graph;
  while (home !== undefined && !home.defines(value)) home = home.owner?.graph;
  return home;
}
