import { DataType } from '../../graph/data-type.ts';
import type { Graph, Node, NodeSpec } from '../../graph/graph.ts';
import { fixedInitializer, type Model } from '../../graph/model.ts';
import { makeTensor, type Tensor, toFloat32 } from '../../graph/tensor.ts';
import { FLOAT32 } from '../float-kind.ts';
import { computeParameters } from '../parameters.ts';
import { type QuantType, quantTypeInfo } from '../quant-type.ts';
import { channelLayout, channelRanges, quantizeTensor } from '../quantize-values.ts';
import type { DynamicSettings } from './settings.ts';

/** A value in integers: the names of its integers, scale and zero point. */
export interface QuantizedValue {
  readonly integers: string;
  readonly scale: string;
  readonly zeroPoint: string;
}

/** How a constant becomes integers. */
export interface ConstantRules {
  readonly type: QuantType;
  readonly reduceRange: boolean;
  /** A scale for each index along this axis of the tensor; undefined: one for the whole. */
  readonly axis?: number;
}

/** What dynamic quantisation has done to a graph so far, and the steps that its operators have in common. Names are onnxruntime's. */
export class DynamicRewriter {
  readonly graph: Graph;
  readonly settings: DynamicSettings;
  readonly #model: Model;
  /** Activations, and constants that have one scale. */
  readonly #quantized = new Map<string, QuantizedValue>();
  /** Constants with a scale for each channel, by name and form. */
  readonly #byChannel = new Map<string, QuantizedValue>();
  /** Float values that exist only as integers until something reads them. */
  readonly #withoutFloat = new Set<string>();
  /** Constants that exist as integers too. */
  readonly #constants = new Map<string, QuantizedValue[]>();

  constructor(model: Model, settings: DynamicSettings) {
    this.graph = model.graph;
    this.settings = settings;
    this.#model = model;
  }

  /** Constants that became integers. */
  get constantCount(): number {
    return this.#constants.size;
  }

  /** The float32 tensor of that name, if nothing can change it. */
  constant(name: string): Tensor | undefined {
    const tensor = fixedInitializer(this.#model, name);
    return tensor?.dataType === DataType.FLOAT ? tensor : undefined;
  }

  isFloat(value: string): boolean {
    const type = this.graph.typeOf(value);
    return type?.kind === 'tensor' && type.dataType === DataType.FLOAT;
  }

  /** The integers of one scale that stand for a value, if there are any yet. */
  find(value: string): QuantizedValue | undefined {
    return this.#quantized.get(value);
  }

  /** An activation's integers, computed at run time, or a constant's. Undefined for a constant that cannot become integers. */
  quantizeActivation(value: string): QuantizedValue | undefined {
    if (this.constant(value) !== undefined) return this.quantizeConstant(value, { type: 'uint8', reduceRange: false });
    return this.#quantized.get(value) ?? this.#quantizeAtRunTime(value);
  }

  #quantizeAtRunTime(value: string): QuantizedValue {
    const quantized = this.#named(value);
    const outputs = [quantized.integers, quantized.scale, quantized.zeroPoint];
    const name = this.graph.freshName(`${value}_QuantizeLinear`);
    this.graph.addNode({ opType: 'DynamicQuantizeLinear', name, inputs: [value], outputs });
    this.#quantized.set(value, quantized);
    return quantized;
  }

  /** A constant's integers. Undefined when there are none. What was made of it first stays. */
  quantizeConstant(name: string, rules: ConstantRules): QuantizedValue | undefined {
    const form = rules.axis === undefined ? undefined : `axis ${rules.axis}`;
    const known = form === undefined ? this.#quantized.get(name) : this.#byChannel.get(`${form} of ${name}`);
    const tensor = known === undefined ? this.constant(name) : undefined;
    const integers = tensor && this.integersOf(tensor, rules);
    return integers === undefined ? known : this.store(name, integers, form);
  }

  /** The elements of a float32 tensor as integers; undefined when it is empty or has elements that are no finite numbers. */
  integersOf(tensor: Tensor, rules: ConstantRules): Integers | undefined {
    const { type, axis } = rules;
    const layout = channelLayout(tensor.dims, axis);
    const ranges = tensor.bytes.length === 0 ? undefined : channelRanges(toFloat32(tensor), layout);
    if (ranges === undefined) return undefined;
    const common = { type, symmetric: this.#isSymmetric(type), reduceRange: rules.reduceRange, minRealRange: this.settings.minRealRange };
    const parameters = ranges.map((range) => computeParameters(range, common, FLOAT32));
    const computed = parameters.filter((each) => typeof each !== 'string');
    if (computed.length < parameters.length) return undefined;
    const scales = computed.map(({ scale }) => scale);
    const points = computed.map(({ zeroPoint }) => zeroPoint);
    const dims = axis === undefined ? [] : [layout.channels];
    return {
      values: quantizeTensor(tensor, layout, { type, scales, zeroPoints: points }),
      scales: makeTensor(DataType.FLOAT, dims, Float32Array.from(scales)),
      zeroPoints: zeroPointsTensor(type, dims, points),
    };
  }

  /** Adds what stands for a constant to the graph; `form` tells apart what has a scale for each channel. */
  store(name: string, { values, scales, zeroPoints }: Integers, form: string | undefined): QuantizedValue {
    const quantized = this.#named(name);
    this.graph.setInitializer(quantized.integers, values);
    this.graph.setInitializer(quantized.scale, scales);
    this.graph.setInitializer(quantized.zeroPoint, zeroPoints);
    if (form === undefined) this.#quantized.set(name, quantized);
    else this.#byChannel.set(`${form} of ${name}`, quantized);
    this.#constants.set(name, [...(this.#constants.get(name) ?? []), quantized]);
    return quantized;
  }

  /** As onnxruntime tells them apart: by the type, not by what the constant is for. */
  #isSymmetric(type: QuantType): boolean {
    const { weightType, weightSymmetric, activationSymmetric } = this.settings;
    if (type !== weightType && type === 'uint8') return activationSymmetric;
    return weightSymmetric ?? quantTypeInfo(type).isSigned;
  }

  #named(value: string): QuantizedValue {
    return {
      integers: this.graph.freshName(`${value}_quantized`),
      scale: this.graph.freshName(`${value}_scale`),
      zeroPoint: this.graph.freshName(`${value}_zero_point`),
    };
  }

  /** Makes a node that moves elements move integers: those of `source`, into integers that stand for its first output. */
  moveIntegers(node: Node, source: QuantizedValue): void {
    const [output = ''] = node.outputs;
    const integers = this.graph.freshName(`${output}_quantized`);
    this.graph.setInput(node, 0, source.integers);
    this.graph.setOutput(node, 0, integers);
    this.#quantized.set(output, { ...source, integers });
    this.#withoutFloat.add(output);
  }

  /** A name for what replaces a node: none when it had none. ONNX Runtime refuses two nodes of one name. */
  nameFor(node: Node, suffix: string): string {
    return node.name === '' ? '' : this.graph.freshName(`${node.name}${suffix}`);
  }

  /** Replaces a node by others. */
  replace(node: Node, specs: readonly NodeSpec[]): void {
    this.graph.removeNode(node);
    for (const spec of specs) this.graph.addNode(spec);
  }

  /** Dequantises what float operators and outputs still read, and drops constants that nobody reads as float any more. */
  finish(): void {
    for (const value of this.#withoutFloat) if (this.#isRead(value)) this.#dequantize(value);
    for (const [name, forms] of this.#constants) {
      for (const value of [name, ...forms.flatMap((form) => Object.values(form))]) this.#dropUnread(value);
    }
  }

  #dropUnread(value: string): void {
    if (this.#isRead(value)) return;
    this.graph.removeInitializer(value);
    const index = this.graph.inputs.findIndex((input) => input.name === value);
    if (index !== -1) this.graph.inputs.splice(index, 1);
  }

  #isRead(value: string): boolean {
    return this.graph.useCount(value) > 0 || this.graph.isOutput(value);
  }

  #dequantize(value: string): void {
    const quantized = this.#quantized.get(value);
    if (quantized === undefined) return;
    const inputs = [quantized.integers, quantized.scale, quantized.zeroPoint];
    const name = this.graph.freshName(`${value}_DequantizeLinear`);
    this.graph.addNode({ opType: 'DequantizeLinear', name, inputs, outputs: [value] });
  }
}

/** A constant in integers. */
export interface Integers {
  readonly values: Tensor;
  readonly scales: Tensor;
  readonly zeroPoints: Tensor;
}

function zeroPointsTensor(type: QuantType, dims: readonly number[], values: readonly number[]): Tensor {
  const { dataType, isSigned } = quantTypeInfo(type);
  return makeTensor(dataType, dims, isSigned ? Int8Array.from(values) : Uint8Array.from(values));
}
