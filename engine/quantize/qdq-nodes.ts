import { intAttribute } from '../graph/attribute.ts';
import { DataType } from '../graph/data-type.ts';
import type { Graph } from '../graph/graph.ts';
import { halvesFromFloats } from '../graph/half.ts';
import { makeTensor, type Tensor } from '../graph/tensor.ts';
import type { QuantizedBias } from './bias.ts';
import { FLOAT16, type FloatKind } from './float-kind.ts';
import { quantTypeInfo } from './quant-type.ts';
import type { ReportBuilder } from './report.ts';
import type { TensorScales } from './tensor-scales.ts';

/** Initializers that hold how a tensor is quantised, and what is in them. */
export interface ParameterNames {
  readonly scale: string;
  readonly zeroPoint: string;
  readonly axis: number | undefined;
  readonly scales: readonly number[];
}

/** One QuantizeLinear or DequantizeLinear to add. */
interface QdqNode {
  readonly name: string;
  readonly input: string;
  readonly output: string;
  readonly parameters: Omit<ParameterNames, 'scales'>;
}

/** Adds nodes and initializers under onnxruntime's names; a name that the model has already gets a number behind it. */
export class QdqNodes {
  readonly #graph: Graph;
  readonly #domain: string;
  readonly #report: ReportBuilder;

  constructor(graph: Graph, domain: string, report: ReportBuilder) {
    this.#graph = graph;
    this.#domain = domain;
    this.#report = report;
  }

  /** Initializers for the scales of `tensor`; `suffix` tells a second set from the first. */
  addParameters(tensor: string, { type, kind, axis, scales, zeroPoints }: TensorScales, suffix = ''): ParameterNames {
    const dims = axis === undefined ? [] : [scales.length];
    const { dataType, bits } = quantTypeInfo(type);
    const integers = bits === 8 ? Uint8Array.from(zeroPoints) : Uint16Array.from(zeroPoints);
    return {
      zeroPoint: this.addInitializer(`${tensor}_zero_point${suffix}`, makeTensor(dataType, dims, integers)),
      scale: this.addInitializer(`${tensor}_scale${suffix}`, floatTensor(kind, dims, scales)),
      axis,
      scales,
    };
  }

  /** Initializers of an int32 bias: its integers, scales and zero point. The last are of one element's shape, and none, for a single scale. */
  addBias(name: string, { integers, scales, axis }: QuantizedBias, kind: FloatKind): { readonly integers: string } & ParameterNames {
    const zeroPoint = makeTensor(DataType.INT32, scales.length > 1 ? [scales.length] : [], new Int32Array(scales.length));
    return {
      integers: this.addInitializer(`${name}_quantized`, integers),
      scale: this.addInitializer(`${name}_quantized_scale`, floatTensor(kind, [scales.length], scales)),
      zeroPoint: this.addInitializer(`${name}_quantized_zero_point`, zeroPoint),
      axis,
      scales,
    };
  }

  addInitializer(base: string, tensor: Tensor): string {
    const name = this.#graph.freshName(base);
    this.#graph.setInitializer(name, tensor);
    return name;
  }

  addQuantize(node: QdqNode): void {
    this.#addNode('QuantizeLinear', node);
    this.#report.count('quantizeNodes');
  }

  addDequantize(node: QdqNode): void {
    this.#addNode('DequantizeLinear', node);
    this.#report.count('dequantizeNodes');
  }

  #addNode(opType: string, { name, input, output, parameters: { scale, zeroPoint, axis } }: QdqNode): void {
    this.#graph.addNode({
      opType,
      domain: this.#domain,
      name: this.#graph.freshName(name),
      inputs: [input, scale, zeroPoint],
      outputs: [output],
      attributes: axis === undefined ? {} : { axis: intAttribute(axis) },
    });
  }
}

function floatTensor(kind: FloatKind, dims: readonly number[], values: readonly number[]): Tensor {
  const floats = Float32Array.from(values);
  return makeTensor(kind.dataType, dims, kind === FLOAT16 ? halvesFromFloats(floats) : floats);
}
