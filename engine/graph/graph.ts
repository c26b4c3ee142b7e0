import { GroveError } from '../../domain/errors.ts';
import type { Tensor } from './tensor.ts';
import { type Extras, tensorType, type ValueInfo, type ValueType } from './value.ts';

/**
 * A node attribute. Integers are bigint because INT64_MAX is a common "to the end"; strings are bytes because ONNX does not promise UTF-8.
 * `encoded` carries sparse tensors and types, and any attribute kind of a later specification, as their AttributeProto bytes.
 */
export type Attribute = AttributeValue & { readonly extras?: Extras };

type AttributeValue =
  | { readonly kind: 'float'; readonly value: number }
  | { readonly kind: 'int'; readonly value: bigint }
  | { readonly kind: 'string'; readonly value: Uint8Array }
  | { readonly kind: 'tensor'; readonly value: Tensor }
  | { readonly kind: 'graph'; readonly value: Graph }
  | { readonly kind: 'floats'; readonly value: readonly number[] }
  | { readonly kind: 'ints'; readonly value: readonly bigint[] }
  | { readonly kind: 'strings'; readonly value: readonly Uint8Array[] }
  | { readonly kind: 'tensors'; readonly value: readonly Tensor[] }
  | { readonly kind: 'graphs'; readonly value: readonly Graph[] }
  | { readonly kind: 'encoded'; readonly value: Uint8Array };

/** Node members that survive a round trip and that no pass reads. */
export interface NodeExtras extends Extras {
  /** Which overload of a model-local function the node calls. */
  readonly overload?: string;
  /** Encoded NodeDeviceConfigurationProto messages. */
  readonly deviceConfigurations?: readonly Uint8Array[];
}

/**
 * One operator call. Inputs and outputs change only through the graph that owns the node (`setInput`, `replaceUses`...), which keeps its indexes
 * right; everything else may be assigned. An empty name in `inputs` or `outputs` is an omitted optional one.
 */
export interface Node {
  opType: string;
  /** Empty for `ai.onnx`. */
  domain: string;
  name: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  /** May be edited in place, except that subgraphs are only recognised when present at `addNode`. */
  readonly attributes: Map<string, Attribute>;
  readonly extras?: NodeExtras;
}

/** What `Graph.addNode` takes; left-out members are empty. */
export interface NodeSpec {
  readonly opType: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly domain?: string;
  readonly name?: string;
  readonly attributes?: Readonly<Record<string, Attribute>> | ReadonlyMap<string, Attribute>;
  readonly extras?: NodeExtras;
}

/** Graphs held by a node's attributes (bodies of If, Loop, Scan), in attribute order. */
export function subgraphsOf(node: Node): Graph[] {
  const graphs: Graph[] = [];
  for (const attribute of node.attributes.values()) {
    if (attribute.kind === 'graph') graphs.push(attribute.value);
    else if (attribute.kind === 'graphs') graphs.push(...attribute.value);
  }
  return graphs;
}

type Editable<T> = { -readonly [K in keyof T]: T[K] };

/** How often a node reads a value: input slots plus reads inside its subgraphs. */
type Uses = Map<Node, number>;

/**
 * A dataflow graph with producer and consumer indexes that every edit keeps right. Nodes have an order (the order they were added or last sorted
 * in) but may be added anywhere: `sortTopologically` puts each producer just before its first consumer, and the writer sorts when needed.
 *
 * Bodies of If, Loop and Scan are graphs of their own inside an attribute. What they read from outside counts as a use by the node that holds
 * them, in every enclosing graph. Value names are unique over a graph and all its subgraphs, as ONNX demands.
 */
export class Graph {
  name: string;
  /** Graph inputs in order. An initializer may bear the same name: it is then a default. */
  readonly inputs: ValueInfo[] = [];
  /** Graph outputs in order. */
  readonly outputs: ValueInfo[] = [];
  /** What is known of intermediate values (ONNX `value_info`), by name. */
  readonly valueInfo = new Map<string, ValueInfo>();
  /** Encoded SparseTensorProto constants by the name of their values. */
  readonly sparseInitializers = new Map<string, Uint8Array>();
  /** Encoded TensorAnnotation messages. */
  quantizationAnnotations: readonly Uint8Array[] = [];
  extras: Extras | undefined;

  readonly #nodes = new Set<Node>();
  readonly #producers = new Map<string, Node>();
  readonly #uses = new Map<string, Uses>();
  readonly #initializers = new Map<string, Tensor>();
  readonly #names = new Set<string>();
  /** By base, the first suffix that may be free: names are never given back. */
  readonly #nextSuffixes = new Map<string, number>();
  #owner: { readonly graph: Graph; readonly node: Node } | undefined;

  constructor(name: string) {
    this.name = name;
  }

  /** Nodes in order. Removing nodes while iterating is safe; nodes added meanwhile are visited too. */
  get nodes(): ReadonlySet<Node> {
    return this.#nodes;
  }

  get initializers(): ReadonlyMap<string, Tensor> {
    return this.#initializers;
  }

  /** The node that writes `value`, or undefined for graph inputs, initializers, outer and unknown values. */
  producer(value: string): Node | undefined {
    return this.#producers.get(value);
  }

  /** The distinct nodes that read `value`, in the order they began to; a node whose subgraph reads it is one of them. */
  consumers(value: string): readonly Node[] {
    return [...(this.#uses.get(value)?.keys() ?? [])];
  }

  /** How many input slots read `value`, subgraphs included; graph outputs do not count. */
  useCount(value: string): number {
    let count = 0;
    for (const uses of this.#uses.get(value)?.values() ?? []) count += uses;
    return count;
  }

  isInput(value: string): boolean {
    return this.inputs.some((input) => input.name === value);
  }

  isOutput(value: string): boolean {
    return this.outputs.some((output) => output.name === value);
  }

  /** Whether this graph itself (not an enclosing one) defines `value`. */
  defines(value: string): boolean {
    return this.#producers.has(value) || this.#initializers.has(value) || this.sparseInitializers.has(value) || this.isInput(value);
  }

  /** What is known of a value's type: from inputs, outputs, initializers or value info. */
  typeOf(value: string): ValueType | undefined {
    const tensor = this.#initializers.get(value);
    if (tensor) return tensorType(tensor.dataType, tensor.dims);
    return this.#findInfo(value)?.type;
  }

  /** Records the type of an input, an output or an intermediate value. */
  setType(value: string, type: ValueType): void {
    const info = this.#findInfo(value);
    if (info) info.type = type;
    else this.valueInfo.set(value, { name: value, type });
  }

  #findInfo(value: string): ValueInfo | undefined {
    return (
      this.inputs.find((input) => input.name === value) ?? this.outputs.find((output) => output.name === value) ?? this.valueInfo.get(value)
    );
  }

  /** Adds a node at the end of the order. Throws `invalid-onnx` when one of its outputs already has a producer or is an initializer. */
  addNode(spec: NodeSpec): Node {
    const attributes = spec.attributes instanceof Map ? spec.attributes : new Map(Object.entries(spec.attributes ?? {}));
    const node: Node = {
      opType: spec.opType,
      domain: spec.domain ?? '',
      name: spec.name ?? '',
      inputs: [...spec.inputs],
      outputs: [...spec.outputs],
      attributes,
      ...(spec.extras ? { extras: spec.extras } : {}),
    };
    for (const output of node.outputs) this.#claim(output, node);
    this.#nodes.add(node);
    if (node.name !== '') this.#reserve(node.name);
    for (const input of node.inputs) this.#use(input, node, 1);
    for (const body of subgraphsOf(node)) body.#attach(this, node);
    return node;
  }

  /** Removes a node. Its outputs lose their producer; whoever still reads them must be changed or removed as well. */
  removeNode(node: Node): void {
    if (!this.#nodes.delete(node)) return;
    for (const output of node.outputs) this.#producers.delete(output);
    for (const input of node.inputs) this.#use(input, node, -1);
    for (const body of subgraphsOf(node)) body.#detach();
  }

  /** Changes one input slot; the list grows (with omitted inputs) when `index` is past its end. */
  setInput(node: Node, index: number, value: string): void {
    const inputs = [...node.inputs];
    while (inputs.length <= index) inputs.push('');
    inputs[index] = value;
    this.setInputs(node, inputs);
  }

  /** Replaces all inputs of a node. */
  setInputs(node: Node, inputs: readonly string[]): void {
    for (const input of node.inputs) this.#use(input, node, -1);
    for (const input of inputs) this.#use(input, node, 1);
    const editable: Editable<Node> = node;
    editable.inputs = [...inputs];
  }

  /** Changes one output slot to a value that nothing else defines. Readers of the old name are not changed. */
  setOutput(node: Node, index: number, value: string): void {
    const outputs = [...node.outputs];
    while (outputs.length <= index) outputs.push('');
    const old = outputs[index];
    if (old === value) return;
    this.#claim(value, node);
    if (old) this.#producers.delete(old);
    outputs[index] = value;
    const editable: Editable<Node> = node;
    editable.outputs = outputs;
  }

  /** Makes every node that reads `from`, subgraphs included, read `to` instead. Graph outputs named `from` keep their name. */
  replaceUses(from: string, to: string): void {
    for (const node of this.consumers(from)) this.replaceUsesBy(node, from, to);
  }

  /** Makes one node that reads `from`, its subgraphs included, read `to` instead. */
  replaceUsesBy(node: Node, from: string, to: string): void {
    if (from === to) return;
    if (node.inputs.includes(from))
      this.setInputs(
        node,
        node.inputs.map((input) => (input === from ? to : input)),
      );
    for (const body of subgraphsOf(node)) body.#replaceCapture(from, to);
  }

  /**
   * Takes a node out and lets `replacement` stand for its output `outputIndex`: readers read it, and when that output is a graph output the
   * replacement takes over its name. Returns false and changes nothing when that is impossible: a graph output would need the name of an
   * input, an initializer, an outer value or another graph output.
   */
  bypass(node: Node, replacement: string, outputIndex = 0): boolean {
    const output = node.outputs[outputIndex] ?? '';
    if (!this.isOutput(output)) {
      this.replaceUses(output, replacement);
      this.removeNode(node);
      this.valueInfo.delete(output);
      return true;
    }
    const source = this.producer(replacement);
    if (!source || source === node || this.isOutput(replacement)) return false;
    this.removeNode(node);
    this.setOutput(source, source.outputs.indexOf(replacement), output);
    this.replaceUses(replacement, output);
    this.valueInfo.delete(replacement);
    return true;
  }

  /** Renames a value everywhere: producer or initializer, readers, graph inputs and outputs, type record. `to` must be unused. */
  renameValue(from: string, to: string): void {
    if (from === to) return;
    const node = this.producer(from);
    const tensor = this.#initializers.get(from);
    if (node) this.setOutput(node, node.outputs.indexOf(from), to);
    if (tensor) {
      this.#initializers.delete(from);
      this.setInitializer(to, tensor);
    }
    for (const list of [this.inputs, this.outputs]) {
      list.forEach((info, index) => {
        if (info.name === from) list[index] = { ...info, name: to };
      });
    }
    const info = this.valueInfo.get(from);
    if (info) this.valueInfo.set(to, { ...info, name: to });
    this.valueInfo.delete(from);
    this.#reserve(to);
    this.replaceUses(from, to);
  }

  /** Adds a constant or replaces the one of that name. Throws `invalid-onnx` when a node writes a value of that name. */
  setInitializer(name: string, tensor: Tensor): void {
    if (this.#producers.has(name)) throw this.#duplicate(name);
    this.#initializers.set(name, tensor);
    this.#reserve(name);
  }

  removeInitializer(name: string): void {
    this.#initializers.delete(name);
  }

  /** Adds a graph input. */
  addInput(name: string, type: ValueType | undefined): void {
    this.inputs.push({ name, type });
    this.#reserve(name);
  }

  /** Adds a graph output. */
  addOutput(name: string, type: ValueType | undefined): void {
    this.outputs.push({ name, type });
  }

  /** `base`, or `base_1`, `base_2`...: a name that no value or node of this graph, its enclosing graphs or subgraphs ever had. Reserves it. */
  freshName(base: string): string {
    const root = this.#root();
    const names = root.#names;
    let name = base;
    let suffix = root.#nextSuffixes.get(base) ?? 1;
    while (names.has(name)) name = `${base}_${suffix++}`;
    if (name !== base) root.#nextSuffixes.set(base, suffix);
    names.add(name);
    return name;
  }

  /** The graph that encloses this one and the node that holds it; undefined for a model's main graph. */
  get owner(): { readonly graph: Graph; readonly node: Node } | undefined {
    return this.#owner;
  }

  /** Puts the nodes into the given order, which must hold exactly this graph's nodes. */
  reorder(order: readonly Node[]): void {
    if (order.length !== this.#nodes.size || order.some((node) => !this.#nodes.has(node))) {
      throw new RangeError('reorder needs exactly the nodes of the graph');
    }
    this.#nodes.clear();
    for (const node of order) this.#nodes.add(node);
  }

  #root(): Graph {
    let graph: Graph = this;
    while (graph.#owner) graph = graph.#owner.graph;
    return graph;
  }

  #reserve(name: string): void {
    this.#root().#names.add(name);
  }

  #claim(output: string, node: Node): void {
    if (output === '') return;
    if (this.#producers.has(output) || this.#initializers.has(output)) throw this.#duplicate(output);
    this.#producers.set(output, node);
    this.#reserve(output);
  }

  #duplicate(name: string): GroveError {
    return new GroveError('invalid-onnx', { where: `graph "${this.name}"`, problem: `value "${name}" is defined twice` });
  }

  /** Counts `change` uses of `value` by `node`, here and, as uses by the owning nodes, in the enclosing graphs. */
  #use(value: string, node: Node, change: number): void {
    if (value === '') return;
    const uses = this.#uses.get(value) ?? new Map<Node, number>();
    const count = (uses.get(node) ?? 0) + change;
    if (count > 0) uses.set(node, count);
    else uses.delete(node);
    if (uses.size > 0) this.#uses.set(value, uses);
    else this.#uses.delete(value);
    this.#useOutside(value, change);
  }

  #useOutside(value: string, change: number): void {
    const owner = this.#owner;
    if (owner) owner.graph.#use(value, owner.node, change);
  }

  #attach(graph: Graph, node: Node): void {
    if (this.#owner) throw new RangeError(`graph "${this.name}" already belongs to a node`);
    this.#owner = { graph, node };
    for (const name of this.#names) graph.#reserve(name);
    this.#shareUses(1);
  }

  #detach(): void {
    this.#shareUses(-1);
    this.#owner = undefined;
  }

  #shareUses(sign: 1 | -1): void {
    for (const value of this.#uses.keys()) this.#useOutside(value, sign * this.useCount(value));
    for (const output of this.outputs) this.#useOutside(output.name, sign);
  }

  #replaceCapture(from: string, to: string): void {
    if (this.defines(from)) return;
    this.replaceUses(from, to);
    this.outputs.forEach((output, index) => {
      if (output.name !== from) return;
      this.outputs[index] = { ...output, name: to };
      this.#useOutside(from, -1);
      this.#useOutside(to, 1);
    });
  }
}
