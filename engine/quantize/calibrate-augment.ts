import { intAttribute } from '../graph/attribute.ts';
import { DataType } from '../graph/data-type.ts';
import type { Graph, Node } from '../graph/graph.ts';
import type { Model } from '../graph/model.ts';
import { int64Tensor } from '../graph/tensor.ts';

/** A value whose extremes the augmented model tells, and the tensors that have the same ones. */
export interface Observed {
  readonly value: string;
  readonly tensors: readonly string[];
  /** Whether the elements are float16 rather than float32. */
  readonly isHalf: boolean;
}

/** A model made to tell the extremes of its values. */
export interface Augmented {
  /** In the order of the only output: a float32 vector of minimum and maximum of each in turn, infinity and minus infinity of an empty tensor. */
  readonly observed: readonly Observed[];
  /** Takes everything back. */
  restore(): void;
}

/** Standard operators whose output holds exactly the elements of their first input: observing the input does for both. */
const MOVES = new Set(['Flatten', 'Identity', 'Reshape', 'Squeeze', 'Transpose', 'Unsqueeze']);

/**
 * Replaces the outputs of a model by one with the extremes of the given tensors. One output rather than two a tensor: to hand over hundreds of small
 * ones costs a quarter of an inference of a small encoder.
 */
export function augment({ graph }: Model, tensors: readonly string[]): Augmented {
  const observed = observedValues(graph, tensors);
  const outputs = [...graph.outputs];
  const added = new Added(graph);
  const extremes = observed.flatMap((value) => added.extremesOf(value));
  if (extremes.length > 0) graph.outputs.splice(0, graph.outputs.length, { name: added.concat(extremes), type: undefined });
  return {
    observed,
    restore() {
      added.remove();
      graph.outputs.splice(0, graph.outputs.length, ...outputs);
    },
  };
}

function observedValues(graph: Graph, tensors: readonly string[]): readonly Observed[] {
  const byValue = new Map<string, { readonly tensors: string[]; readonly isHalf: boolean }>();
  for (const tensor of new Set(tensors)) {
    const type = graph.defines(tensor) ? elementType(graph, tensor) : undefined;
    if (type !== DataType.FLOAT && type !== DataType.FLOAT16) continue;
    const value = contentOf(graph, tensor);
    const known = byValue.get(value);
    if (known === undefined) byValue.set(value, { tensors: [tensor], isHalf: type === DataType.FLOAT16 });
    else known.tensors.push(tensor);
  }
  return [...byValue].map(([value, known]) => ({ value, ...known }));
}

function elementType(graph: Graph, value: string): DataType | undefined {
  const type = graph.typeOf(value);
  return type?.kind === 'tensor' ? type.dataType : undefined;
}

/** The value, of the same graph, where these elements were made. */
function contentOf(graph: Graph, tensor: string): string {
  let value = tensor;
  for (let node = graph.producer(value); node !== undefined; node = graph.producer(value)) {
    const [input = ''] = node.inputs;
    if (node.domain !== '' || !MOVES.has(node.opType) || !graph.defines(input)) break;
    value = input;
  }
  return value;
}

/** What is added to a graph and taken out again. */
class Added {
  readonly #graph: Graph;
  readonly #nodes: Node[] = [];
  /** The shape of one extreme. */
  readonly #single: string;

  constructor(graph: Graph) {
    this.#graph = graph;
    this.#single = graph.freshName('calibration_single');
    graph.setInitializer(this.#single, int64Tensor([1], [1]));
  }

  extremesOf({ value, isHalf }: Observed): readonly string[] {
    // The CPU provider reduces no float16; widening changes no value.
    const floats = isHalf ? this.#add('Cast', [value], { to: intAttribute(DataType.FLOAT) }) : value;
    return ['ReduceMin', 'ReduceMax'].map((reduction) => {
      const extreme = this.#add(reduction, [floats], { keepdims: intAttribute(0) });
      return this.#add('Reshape', [extreme, this.#single]);
    });
  }

  concat(parts: readonly string[]): string {
    return this.#add('Concat', parts, { axis: intAttribute(0) });
  }

  remove(): void {
    for (const node of this.#nodes) this.#graph.removeNode(node);
    this.#graph.removeInitializer(this.#single);
  }

  #add(opType: string, inputs: readonly string[], attributes: Parameters<Graph['addNode']>[0]['attributes'] = {}): string {
    // Numbered: to find a free name by trying takes longer with every one that is taken.
    const output = this.#graph.freshName(`calibration_${this.#nodes.length}`);
    this.#nodes.push(this.#graph.addNode({ opType, inputs, outputs: [output], attributes }));
    return output;
  }
}
