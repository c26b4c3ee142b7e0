import type { Graph, Node } from '../graph/graph.ts';
import type { ParameterNames, QdqNodes } from './qdq-nodes.ts';

/** Two types of one tensor. */
export interface Conversion {
  readonly parameters: ParameterNames;
  /** Of the second type. */
  readonly converted: ParameterNames;
  /** Names of the readers that get the second type; undefined: all. */
  readonly receivers: ReadonlySet<string> | undefined;
}

/** Puts QuantizeLinear and DequantizeLinear between an activation and its readers. */
export class ActivationPairs {
  readonly #graph: Graph;
  readonly #nodes: QdqNodes;
  readonly #outputs: ReadonlySet<string>;

  constructor(graph: Graph, nodes: QdqNodes) {
    this.#graph = graph;
    this.#nodes = nodes;
    this.#outputs = new Set(graph.outputs.map(({ name }) => name));
  }

  /** One pair for all readers. A graph output keeps its name: the producer writes to another. */
  add(tensor: string, parameters: ParameterNames): void {
    const { input, isOutput } = this.#quantizedEnd(tensor);
    const output = isOutput ? tensor : this.#graph.freshName(`${tensor}_DequantizeLinear_Output`);
    redirect(this.#graph, this.#graph.consumers(tensor), { from: tensor, to: output });
    const integers = this.#graph.freshName(`${tensor}_QuantizeLinear_Output`);
    this.#nodes.addQuantize({ name: `${tensor}_QuantizeLinear`, input, output: integers, parameters });
    this.#nodes.addDequantize({ name: `${tensor}_DequantizeLinear`, input: integers, output, parameters });
  }

  /** A pair for each reader that is quantised; a graph output stays float. */
  addForEach(tensor: string, readers: readonly Node[], parameters: ParameterNames): void {
    for (const [index, reader] of readers.entries()) {
      const suffix = `_${index + 1}`;
      const integers = this.#graph.freshName(`${tensor}_QuantizeLinear_Output${suffix}`);
      const output = this.#graph.freshName(`${tensor}_DequantizeLinear_Output${suffix}`);
      redirect(this.#graph, [reader], { from: tensor, to: output });
      this.#nodes.addQuantize({ name: `${tensor}_QuantizeLinear${suffix}`, input: tensor, output: integers, parameters });
      this.#nodes.addDequantize({ name: `${tensor}_DequantizeLinear${suffix}`, input: integers, output, parameters });
    }
  }

  /**
   * Two types of one tensor: `Q -> DQ` for the readers of the first, and from there `-> Q' -> DQ'` for the receivers of the second. When both have
   * readers, Q' gets a DequantizeLinear of its own, so that an execution provider can fuse the two into a conversion. A graph output has the first
   * type if any reader has, else the second.
   */
  addConverted(tensor: string, readers: readonly Node[], { parameters, converted, receivers }: Conversion): void {
    const isReceiver = ({ name }: Node): boolean => receivers?.has(name) ?? true;
    const receiving = readers.filter(isReceiver);
    const keeping = readers.filter((reader) => !isReceiver(reader));
    const isSplit = keeping.length > 0;
    const { input, isOutput } = this.#quantizedEnd(tensor);
    const integers = this.#graph.freshName(`${tensor}_QuantizeLinear_Output`);
    const first = isOutput && isSplit ? tensor : this.#graph.freshName(`${tensor}_DequantizeLinear_Output`);
    redirect(this.#graph, keeping, { from: tensor, to: first });
    const second = isOutput && !isSplit ? tensor : this.#graph.freshName(`${tensor}_convert_DequantizeLinear_Output`);
    redirect(this.#graph, receiving, { from: tensor, to: second });
    this.#nodes.addQuantize({ name: `${tensor}_QuantizeLinear`, input, output: integers, parameters });
    this.#nodes.addDequantize({ name: `${tensor}_DequantizeLinear`, input: integers, output: first, parameters });
    const between = isSplit ? this.#graph.freshName(`${tensor}_convert_QuantizeLinear_Input`) : first;
    const clone = `${tensor}_convert_clone_DequantizeLinear`;
    if (isSplit) this.#nodes.addDequantize({ name: clone, input: integers, output: between, parameters });
    const convertedIntegers = this.#graph.freshName(`${tensor}_convert_QuantizeLinear_Output`);
    this.#nodes.addQuantize({ name: `${tensor}_convert_QuantizeLinear`, input: between, output: convertedIntegers, parameters: converted });
    const last = `${tensor}_convert_DequantizeLinear`;
    this.#nodes.addDequantize({ name: last, input: convertedIntegers, output: second, parameters: converted });
  }

  /** The value to quantise: the tensor itself, or for a graph output a new name that its producer writes to from now on. */
  #quantizedEnd(tensor: string): { readonly input: string; readonly isOutput: boolean } {
    const producer = this.#graph.producer(tensor);
    if (!producer || !this.#outputs.has(tensor)) return { input: tensor, isOutput: false };
    const input = this.#graph.freshName(`${tensor}_QuantizeLinear_Input`);
    this.#graph.setOutput(producer, producer.outputs.indexOf(tensor), input);
    return { input, isOutput: true };
  }
}

/** Bodies of the nodes go on reading the float value. */
export function redirect(graph: Graph, nodes: readonly Node[], { from, to }: { readonly from: string; readonly to: string }): void {
  if (from === to) return;
  for (const node of nodes) {
    if (!node.inputs.includes(from)) continue;
    const inputs = node.inputs.map((input) => (input === from ? to : input));
    graph.setInputs(node, inputs);
  }
}
