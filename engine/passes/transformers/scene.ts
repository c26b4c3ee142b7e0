import { readTensor } from '../../graph/attribute.ts';
import { DataType } from '../../graph/data-type.ts';
import type { Graph, Node, NodeSpec } from '../../graph/graph.ts';
import { hasDefaults, type Model, onnxOpset } from '../../graph/model.ts';
import { isOnnxDomain } from '../../graph/node.ts';
import type { Tensor } from '../../graph/tensor.ts';
import { findMatch, type Match, type Pattern, type PatternScene } from './pattern.ts';
import type { Shapes } from './shapes.ts';

/** Nodes that may serve a match besides its own. */
const MAX_SERVANTS = 64;

/** Element types that the fused operators compute in. */
const FUSED_TYPES: readonly DataType[] = [DataType.FLOAT, DataType.FLOAT16];

/** The main graph of a model as the fusions see and change it. */
export class Scene implements PatternScene {
  readonly graph: Graph;
  readonly shapes: Shapes;
  /** Version of the standard operator set. */
  readonly opset: number;
  /** Initializers that callers may replace. */
  readonly #defaults: ReadonlySet<string>;

  constructor(model: Model, shapes: Shapes) {
    this.graph = model.graph;
    this.shapes = shapes;
    this.opset = onnxOpset(model);
    this.#defaults = new Set(hasDefaults(model) ? this.graph.inputs.map(({ name }) => name) : []);
  }

  /** The constant behind a value: an initializer or what a Constant node holds. */
  constantOf(value: string): Tensor | undefined {
    const initializer = this.graph.initializers.get(value);
    if (initializer !== undefined) return this.#defaults.has(value) ? undefined : initializer;
    const node = this.graph.producer(value);
    return node?.opType === 'Constant' && isOnnxDomain(node.domain) ? readTensor(node, 'value') : undefined;
  }

  /** The first way in which `value` fits the pattern that also passes `accept`. */
  find(value: string, pattern: Pattern, accept: (match: Match) => boolean = () => true): Match | undefined {
    return findMatch(this, { value, pattern }, accept);
  }

  /** Whether a value may enter a fused operator: it is float32 or float16. */
  isFloat(value: string): boolean {
    const dataType = this.shapes.dataTypeOf(value) ?? this.constantOf(value)?.dataType;
    return dataType !== undefined && FUSED_TYPES.includes(dataType);
  }

  /** Whether nothing but these nodes needs what they compute, `kept` apart. */
  isSelfContained(nodes: ReadonlySet<Node>, kept: readonly string[]): boolean {
    for (const node of nodes) {
      for (const output of node.outputs) {
        if (output === '' || kept.includes(output)) continue;
        if (this.graph.isOutput(output) || this.graph.consumers(output).some((consumer) => !nodes.has(consumer))) return false;
      }
    }
    return true;
  }

  /**
   * The nodes with all others that serve only them: sizes that are taken of an inner value and come back as a scaling factor. Undefined when something
   * else needs an inner value, `kept` apart.
   */
  enclose(nodes: ReadonlySet<Node>, kept: readonly string[]): ReadonlySet<Node> | undefined {
    const enclosed = new Set(nodes);
    let budget = MAX_SERVANTS;
    const serves = (node: Node): boolean => {
      if (enclosed.has(node)) return true;
      const isServant = budget-- > 0 && isInside(node.outputs);
      if (isServant) enclosed.add(node);
      return isServant;
    };
    const isInside = (values: readonly string[]): boolean =>
      values.every((value) => !this.graph.isOutput(value) && this.graph.consumers(value).every(serves));
    const inner = [...nodes].flatMap(({ outputs }) => outputs).filter((output) => !kept.includes(output));
    return isInside(inner) ? enclosed : undefined;
  }

  /** Puts one node in the place of others, of which it must write every output that is still read. Without a name it gets a fresh one. */
  replace(nodes: ReadonlySet<Node>, spec: NodeSpec): Node {
    for (const node of nodes) this.graph.removeNode(node);
    return this.graph.addNode({ ...spec, name: spec.name ?? this.graph.freshName(spec.opType) });
  }

  /** Calls `fuse` for every node of these operators, in order; returns how often it returned true. Nodes removed meanwhile are left out. */
  forEach(opTypes: readonly string[], fuse: (node: Node) => boolean): number {
    let fused = 0;
    for (const node of [...this.graph.nodes]) {
      if (opTypes.includes(node.opType) && this.graph.nodes.has(node) && fuse(node)) fused++;
    }
    return fused;
  }
}
