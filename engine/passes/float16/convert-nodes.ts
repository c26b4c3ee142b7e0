import { intAttribute, readInt, tensorAttribute } from '../../graph/attribute.ts';
import { DataType } from '../../graph/data-type.ts';
import type { Attribute, Graph, Node } from '../../graph/graph.ts';
import { float32Tensor, type Tensor } from '../../graph/tensor.ts';
import { allGraphs, allNodes } from '../../graph/topology.ts';
import { mixesTypes } from './blocked-nodes.ts';
import type { HalfSettings } from './half-settings.ts';
import { type HalfLimits, toHalfTensor } from './half-tensor.ts';

/** What was converted and how many values the limits moved. */
export interface ConversionCounts {
  initializersConverted: number;
  constantsConverted: number;
  valuesRaised: number;
  valuesLimited: number;
}

/** Operators with a `dtype` attribute that says what they make, and whether leaving it out means float32. */
const DTYPE_OPS: Readonly<Record<string, { readonly floatByDefault: boolean }>> = {
  Bernoulli: { floatByDefault: false },
  EyeLike: { floatByDefault: false },
  Multinomial: { floatByDefault: false },
  RandomNormal: { floatByDefault: true },
  RandomNormalLike: { floatByDefault: false },
  RandomUniform: { floatByDefault: true },
  RandomUniformLike: { floatByDefault: false },
  SequenceEmpty: { floatByDefault: true },
};

/** Converts constants of a model to float16, keeping count. */
export class HalfConverter {
  readonly counts: ConversionCounts = { initializersConverted: 0, constantsConverted: 0, valuesRaised: 0, valuesLimited: 0 };
  readonly #limits: HalfLimits;
  readonly #forced: HalfSettings['force_fp16_inputs'];

  constructor(limits: HalfLimits, forced: HalfSettings['force_fp16_inputs']) {
    this.#limits = limits;
    this.#forced = forced;
  }

  /** Makes a node compute in float16: its constants, its target type when it is a Cast, the type it creates when it has one. */
  convertNode(node: Node): void {
    if (node.opType === 'Cast' && readInt(node, 'to', 0) === DataType.FLOAT) node.attributes.set('to', intAttribute(DataType.FLOAT16));
    this.#convertCreatedType(node);
    if (node.opType === 'Constant') this.#convertPlainConstant(node);
    if (node.opType === 'ConstantOfShape' && !node.attributes.has('value')) {
      node.attributes.set('value', tensorAttribute(float32Tensor([1], [0])));
    }
    if (mixesTypes(node, this.#forced)) return;
    for (const [name, attribute] of [...node.attributes]) {
      const converted = this.#convertAttribute(attribute);
      if (converted !== undefined) node.attributes.set(name, converted);
    }
  }

  /** Converts float32 initialisers that are read as float16. Those only read as float32 keep their precision. */
  convertInitializers(main: Graph, reads: FloatReads, progress: (fraction: number) => void): void {
    const wanted = initializersReadAsHalf(main, reads);
    const all = [...allGraphs(main)].flatMap((graph) => [...graph.initializers].map(([name, tensor]) => ({ graph, name, tensor })));
    all.forEach(({ graph, name, tensor }, index) => {
      if (tensor.dataType !== DataType.FLOAT || !wanted.get(graph)?.has(name)) return;
      graph.setInitializer(name, this.#half(tensor));
      this.counts.initializersConverted++;
      progress(index / all.length);
    });
  }

  #convertAttribute(attribute: Attribute): Attribute | undefined {
    if (attribute.kind === 'tensor' && attribute.value.dataType === DataType.FLOAT) {
      this.counts.constantsConverted++;
      return { ...attribute, value: this.#half(attribute.value) };
    }
    if (attribute.kind === 'tensors' && attribute.value.some(({ dataType }) => dataType === DataType.FLOAT)) {
      this.counts.constantsConverted++;
      return { ...attribute, value: attribute.value.map((tensor) => (tensor.dataType === DataType.FLOAT ? this.#half(tensor) : tensor)) };
    }
    return undefined;
  }

  /** `value_float` and `value_floats` can only be float32: they become a tensor first. */
  #convertPlainConstant(node: Node): void {
    const one = node.attributes.get('value_float');
    const many = node.attributes.get('value_floats');
    if (one?.kind === 'float') node.attributes.set('value', tensorAttribute(float32Tensor([], [one.value])));
    if (many?.kind === 'floats') node.attributes.set('value', tensorAttribute(float32Tensor([many.value.length], many.value)));
    node.attributes.delete('value_float');
    node.attributes.delete('value_floats');
  }

  #convertCreatedType(node: Node): void {
    const created = DTYPE_OPS[node.opType];
    if (created === undefined) return;
    const unset = created.floatByDefault ? DataType.FLOAT : DataType.UNDEFINED;
    if (readInt(node, 'dtype', unset) === DataType.FLOAT) node.attributes.set('dtype', intAttribute(DataType.FLOAT16));
  }

  #half(tensor: Tensor): Tensor {
    const half = toHalfTensor(tensor, this.#limits);
    this.counts.valuesRaised += half.raised;
    this.counts.valuesLimited += half.limited;
    return half.tensor;
  }
}

/** How values are read once the model is converted. */
export interface FloatReads {
  /** Whether a node takes an input of float type as float32. */
  isFloat32(node: Node, input: number): boolean;
  /** Bodies in which nothing changes. */
  readonly frozen: ReadonlySet<Graph>;
}

/** Names of initialisers by the graph that holds them. */
function initializersReadAsHalf(main: Graph, reads: FloatReads): ReadonlyMap<Graph, ReadonlySet<string>> {
  const wanted = new Map<Graph, Set<string>>([...allGraphs(main)].map((graph) => [graph, new Set()]));
  const want = (graph: Graph, value: string): void => {
    const home = holderOf(graph, value);
    if (home !== undefined) wanted.get(home)?.add(value);
  };
  for (const { graph, node } of allNodes(main)) {
    if (reads.frozen.has(graph)) continue;
    node.inputs.forEach((value, index) => {
      if (value !== '' && !reads.isFloat32(node, index)) want(graph, value);
    });
  }
  for (const graph of allGraphs(main)) {
    if (!reads.frozen.has(graph)) for (const { name } of graph.outputs) want(graph, name);
  }
  return wanted;
}

/** The graph, this one or an enclosing one, whose initialiser `value` is. */
function holderOf(graph: Graph, value: string): Graph | undefined {
  let home: Graph | undefined = graph;
  while (home !== undefined && !home.defines(value)) home = home.owner?.graph;
  return home?.initializers.has(value) === true ? home : undefined;
}
