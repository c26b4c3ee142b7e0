import { createHash } from 'node:crypto';
import { DataType, dataTypeName, elementCount } from '../../engine/graph/data-type.ts';
import type { Attribute, Graph, Node } from '../../engine/graph/graph.ts';
import type { Model } from '../../engine/graph/model.ts';
import { isOnnxDomain } from '../../engine/graph/node.ts';
import { type Tensor, toFloat32, toNumbers, uint16Values } from '../../engine/graph/tensor.ts';
import { allNodes } from '../../engine/graph/topology.ts';
import type { ValueInfo } from '../../engine/graph/value.ts';

/**
 * What two conversions of one model have to agree on, small enough to be checked in: nothing of the weights but digests. Tensors go by their names,
 * which Grove gives as Olive does.
 */
export interface ModelSummary {
  readonly irVersion: number;
  readonly producer: string;
  /** How many types of intermediate values the file states (`value_info`). */
  readonly valueInfo: number;
  /** Operator set version by domain; `ai.onnx` for the standard one. */
  readonly opsets: Readonly<Record<string, number>>;
  readonly metadata: Readonly<Record<string, string>>;
  /** Inputs and outputs: `input int64[1,128]`. */
  readonly ends: Readonly<Record<string, string>>;
  /** By operator (with its domain unless that is the standard one): how many, and a digest of what each reads, writes and is set to. */
  readonly operators: Readonly<Record<string, OperatorSummary>>;
  /** How many initializers of each element type. */
  readonly initializers: Readonly<Record<string, number>>;
  /** By name of the tensor: what it is quantized to. */
  readonly placement: Readonly<Record<string, string>>;
  /** Left out where the weights are not those of the reference. */
  readonly values?: ValueSummary;
}

export interface OperatorSummary {
  readonly count: number;
  readonly wiring: string;
}

/** What depends on the weights. */
export interface ValueSummary {
  /** By name of the quantized tensor: scale and zero point, or both digested when there is one a channel. */
  readonly parameters: Readonly<Record<string, readonly [scale: number, zeroPoint: number] | string>>;
  /** By name of the initializer: digest of its bytes. Scales, zero points, quantized biases and small integers (shapes) are left out. */
  readonly constants: Readonly<Record<string, string>>;
  /**
   * By name of the quantized bias: digest, least and greatest element. A bias is rounded to the product of two scales, one of them an activation's: where that
   * differs in its last bit, so may a bias.
   */
  readonly biases: Readonly<Record<string, readonly [digest: string, least: number, greatest: number]>>;
}

const MAX_SHAPE_ELEMENTS = 8;

/** A tensor that a DequantizeLinear gives back. */
interface Quantized {
  readonly name: string;
  readonly node: Node;
  /** Whether a QuantizeLinear makes it at run time; else it is an initializer. */
  readonly isActivation: boolean;
}

/** Summarises a model. Subgraphs count in the operators, nowhere else. */
export function summarizeModel(model: Model): ModelSummary {
  const quantized = quantizedTensors(model.graph);
  return {
    irVersion: model.irVersion,
    producer: `${model.producerName} ${model.producerVersion}`.trim(),
    valueInfo: model.graph.valueInfo.size,
    opsets: sorted([...model.opsetImports].map(([domain, version]) => [domainName(domain), version])),
    metadata: sorted([...model.metadata]),
    ends: Object.fromEntries([...ends(model.graph.inputs, 'input'), ...ends(model.graph.outputs, 'output')]),
    operators: operatorsOf(model.graph),
    initializers: tally([...model.graph.initializers.values()].map(({ dataType }) => dataTypeName(dataType))),
    placement: sorted(quantized.map((tensor) => [tensor.name, placementOf(tensor, model.graph)])),
    values: {
      parameters: sorted(quantized.map((tensor) => [tensor.name, parametersOf(tensor, model.graph)])),
      ...initializersOf(model.graph, quantized),
    },
  };
}

/** The operator's name with its domain unless that is the standard one. */
function operatorName({ opType, domain }: Pick<Node, 'opType' | 'domain'>): string {
  return isOnnxDomain(domain) ? opType : `${domain}::${opType}`;
}

/**
 * What a node reads, writes and is set to, in one line: equal for equal nodes, whatever their own names. Shapes and axes go by their content: which of
 * several equal ones is left when they are merged is chance.
 */
function nodeLine(node: Node, graph: Graph): string {
  const attributes = [...node.attributes].map(([name, attribute]) => `${name}=${attributeText(attribute)}`).sort();
  const inputs = node.inputs.map((name) => shapeText(graph.initializers.get(name)) ?? name);
  return `${operatorName(node)}(${inputs.join(', ')}) -> ${node.outputs.join(', ')} ${attributes.join(' ')}`.trimEnd();
}

/** A small integer constant: a shape, axes, the ends of a slice. */
function isShape({ dataType, dims }: Tensor): boolean {
  return dataType === DataType.INT64 && elementCount(dims) <= MAX_SHAPE_ELEMENTS;
}

function shapeText(tensor: Tensor | undefined): string | undefined {
  return tensor !== undefined && isShape(tensor) ? `[${toNumbers(tensor).join(' ')}]` : undefined;
}

function operatorsOf(graph: Graph): Readonly<Record<string, OperatorSummary>> {
  const lines = new Map<string, string[]>();
  for (const { graph: owner, node } of allNodes(graph)) {
    const name = operatorName(node);
    lines.set(name, [...(lines.get(name) ?? []), nodeLine(node, owner)]);
  }
  return sorted([...lines].map(([name, all]) => [name, { count: all.length, wiring: digest(all.sort().join('\n')) }]));
}

function quantizedTensors(graph: Graph): readonly Quantized[] {
  const seen = new Map<string, number>();
  return [...graph.nodes].flatMap((node) => {
    const [quantizedName = ''] = node.inputs;
    if (node.opType !== 'DequantizeLinear') return [];
    const producer = graph.producer(quantizedName);
    const name = producer?.inputs[0] ?? quantizedName.replace(/_quantized$/, '');
    const count = (seen.get(name) ?? 0) + 1;
    seen.set(name, count);
    return [{ name: count === 1 ? name : `${name} #${count}`, node, isActivation: producer !== undefined }];
  });
}

function placementOf({ node, isActivation }: Quantized, graph: Graph): string {
  const zeroPoint = graph.initializers.get(node.inputs[2] ?? '');
  const type = zeroPoint === undefined ? 'uint8' : dataTypeName(zeroPoint.dataType);
  const scales = graph.initializers.get(node.inputs[1] ?? '');
  const channels = scales !== undefined && elementCount(scales.dims) > 1 ? ' per channel' : '';
  return `${isActivation ? 'activation' : 'initializer'} ${type}${channels}`;
}

function parametersOf({ node }: Quantized, graph: Graph): readonly [number, number] | string {
  const scales = graph.initializers.get(node.inputs[1] ?? '');
  const zeroPoints = graph.initializers.get(node.inputs[2] ?? '');
  if (scales === undefined) return 'computed';
  const values = toFloat32(scales);
  if (values.length !== 1) return digest([...values, ...(zeroPoints === undefined ? [] : integers(zeroPoints))].join(' '));
  return [values[0] ?? Number.NaN, zeroPoints === undefined ? 0 : (integers(zeroPoints)[0] ?? 0)];
}

function integers(tensor: Tensor): readonly number[] {
  switch (tensor.dataType) {
    case DataType.UINT16:
      return [...uint16Values(tensor)];
    case DataType.INT16:
      return [...Int16Array.from(uint16Values({ ...tensor, dataType: DataType.UINT16 }))];
    case DataType.INT8:
      return [...Int8Array.from(tensor.bytes)];
    default:
      return toNumbers(tensor);
  }
}

function initializersOf(graph: Graph, quantized: readonly Quantized[]): Pick<ValueSummary, 'constants' | 'biases'> {
  const parameters = new Set(quantized.flatMap(({ node }) => node.inputs.slice(1)));
  const dequantized = new Set(quantized.map(({ node }) => node.inputs[0]));
  const rows = [...graph.initializers].filter(([name, tensor]) => !parameters.has(name) && !isShape(tensor));
  const isBias = ([name, { dataType }]: readonly [string, Tensor]): boolean => dataType === DataType.INT32 && dequantized.has(name);
  return {
    constants: sorted(rows.filter((row) => !isBias(row)).map(([name, tensor]) => [name, tensorText(tensor)])),
    biases: sorted(rows.filter(isBias).map(([name, tensor]) => [name, [digest(tensor.bytes), ...extremes(toNumbers(tensor))]])),
  };
}

function extremes(values: readonly number[]): readonly [number, number] {
  return [Math.min(...values), Math.max(...values)];
}

function ends(values: readonly ValueInfo[], side: string): readonly (readonly [string, string])[] {
  return values.map(({ name, type }) => {
    if (type?.kind !== 'tensor') return [name, `${side} of another kind`];
    return [name, `${side} ${dataTypeName(type.dataType)}[${type.dims?.map((dim) => dim ?? '?').join(',') ?? '...'}]`];
  });
}

function attributeText(attribute: Attribute): string {
  switch (attribute.kind) {
    case 'string':
      return JSON.stringify(Buffer.from(attribute.value).toString());
    case 'tensor':
      return tensorText(attribute.value);
    case 'float':
    case 'int':
    case 'floats':
    case 'ints':
      return String(attribute.value);
    default:
      return attribute.kind;
  }
}

function tensorText({ dataType, dims, bytes }: Tensor): string {
  return `${dataTypeName(dataType)}[${dims.join(',')}] ${digest(bytes)}`;
}

function domainName(domain: string): string {
  return isOnnxDomain(domain) ? 'ai.onnx' : domain;
}

function digest(data: string | Uint8Array): string {
  return createHash('sha256').update(data).digest('hex').slice(0, 12);
}

function tally(names: readonly string[]): Readonly<Record<string, number>> {
  const counts = new Map<string, number>();
  for (const name of names) counts.set(name, (counts.get(name) ?? 0) + 1);
  return sorted([...counts]);
}

function sorted<T>(entries: readonly (readonly [string, T])[]): Readonly<Record<string, T>> {
  return Object.fromEntries([...entries].sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)));
}
