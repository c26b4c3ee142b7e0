import { intAttribute, tensorAttribute } from '../graph/attribute.ts';
import type { Attribute, Graph } from '../graph/graph.ts';
import { int64Tensor, type Tensor } from '../graph/tensor.ts';

/**
 * Adds nodes named the way PyTorch's TorchScript exporter names them: `/module/path/Op`, numbered from the second of its kind in that module
 * (`Op_1`), with the output `<node>_output_0`. Recipes and tools match on these names.
 */
export class ModuleScope {
  readonly graph: Graph;
  readonly #path: string;
  readonly #scopes: Map<string, ModuleScope>;
  readonly #counts = new Map<string, number>();

  constructor(graph: Graph, path = '', scopes = new Map<string, ModuleScope>()) {
    this.graph = graph;
    this.#path = path;
    this.#scopes = scopes;
  }

  /** The scope of a submodule, `encoder/layer.0/attention`; the same object every time, so that its numbering goes on. */
  in(name: string): ModuleScope {
    const path = `${this.#path}/${name}`;
    const scope = this.#scopes.get(path) ?? new ModuleScope(this.graph, path, this.#scopes);
    this.#scopes.set(path, scope);
    return scope;
  }

  /** Adds a node with one output and returns the output's name; `output` overrides it, for graph outputs. */
  op(opType: string, inputs: readonly string[], options: { attributes?: Record<string, Attribute>; output?: string } = {}): string {
    const count = this.#counts.get(opType) ?? 0;
    this.#counts.set(opType, count + 1);
    const name = `${this.#path}/${opType}${count === 0 ? '' : `_${count}`}`;
    const output = options.output ?? `${name}_output_0`;
    this.graph.addNode({ opType, name, inputs, outputs: [output], attributes: options.attributes ?? {} });
    return output;
  }

  /** A Constant node. */
  constant(tensor: Tensor): string {
    return this.op('Constant', [], { attributes: { value: tensorAttribute(tensor) } });
  }

  /** A Constant node with an int64 scalar. */
  scalar(value: number): string {
    return this.constant(int64Tensor([], [value]));
  }

  /** A Constant node with a one-element int64 vector. */
  vector(value: number): string {
    return this.constant(int64Tensor([1], [value]));
  }

  /** One dimension of a value, as an int64 scalar: Shape, then Gather. */
  sizeOf(value: string, axis: number): string {
    const shape = this.op('Shape', [value]);
    return this.op('Gather', [shape, this.scalar(axis)], { attributes: { axis: intAttribute(0) } });
  }

  /** A scalar as a vector, by Unsqueeze with a constant axis 0. */
  asVector(scalar: string): string {
    return this.op('Unsqueeze', [scalar, this.vector(0)]);
  }
}
