import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { floatAttribute, intAttribute, intsAttribute, stringAttribute, tensorAttribute } from '../graph/attribute.ts';
import { DataType, elementCount } from '../graph/data-type.ts';
import { type Attribute, Graph } from '../graph/graph.ts';
import { halvesFromFloats } from '../graph/half.ts';
import { createModel, irVersionFor, type Model } from '../graph/model.ts';
import { float32Tensor, int64Tensor, makeTensor, type Tensor } from '../graph/tensor.ts';
import { tensorType } from '../graph/value.ts';
import { type ExtraOptions, plainSettings, type QuantizationRequest, wholeModelSettings } from './build-settings.ts';
import type { QuantOverride, TensorOverride } from './overrides.ts';
import { qnnSettings } from './qnn-settings.ts';
import type { QuantType } from './quant-type.ts';
import type { TensorRange } from './range.ts';
import type { QdqSettings } from './settings.ts';
import type { ModelSummary } from './summary.cases.ts';

/** Small graphs, settings, and what onnxruntime's own quantizer made of them: written by `fixtures/make_cases.py`, which tells the format. */

type Kind = 'float' | 'float16' | 'int64' | 'bool' | 'uint8';
type Values = Readonly<Record<string, readonly [Kind, number[]]>>;
type Constant = readonly [Kind, number[], number[]];
type WrittenAttribute =
  | readonly ['int', number]
  | readonly ['float', number]
  | readonly ['string', string]
  | readonly ['ints', number[]]
  | readonly ['tensor', Constant];
type WrittenNode = readonly [
  opType: string,
  inputs: string[],
  outputs: string[],
  attributes?: Record<string, WrittenAttribute>,
  domain?: string,
];

interface WrittenGraph {
  readonly opset?: number;
  readonly inputs: Values;
  readonly outputs: Values;
  readonly constants?: Readonly<Record<string, Constant>>;
  readonly nodes: readonly WrittenNode[];
}

interface WrittenOverride extends Omit<TensorOverride, 'convert'> {
  readonly convert?: QuantOverride & { readonly quantType: QuantType; readonly receivers?: readonly string[] };
}

/** Settings as the file has them: maps and sets are objects and lists. */
export interface WrittenSettings extends Partial<Omit<QuantizationRequest, 'overrides' | 'extra'>> {
  readonly builder?: 'whole' | 'qnn' | 'plain';
  readonly overrides?: Readonly<Record<string, readonly WrittenOverride[]>>;
  readonly extra?: Omit<ExtraOptions, 'opTypePerChannelSupportToAxis'> & {
    readonly opTypePerChannelSupportToAxis?: Readonly<Record<string, number>>;
  };
}

/** One graph with everything that was done to it. */
export interface ReferenceCase {
  readonly name: string;
  readonly graph: WrittenGraph;
  /** Of the values that nodes compute. */
  readonly types: Values;
  readonly ranges: Readonly<Record<string, readonly [number, number]>>;
  readonly runs: readonly ReferenceRun[];
}

/** One way to quantise a graph. */
export interface ReferenceRun {
  readonly settings: WrittenSettings;
  /** Null where onnxruntime's quantizer fails, or Grove does something else on purpose. */
  readonly expected: ModelSummary | null;
  /** Why it does. */
  readonly deviates?: string;
}

export function referenceCases(): readonly ReferenceCase[] {
  return linesOf('cases.jsonl').map((line): ReferenceCase => JSON.parse(line));
}

/** A whole encoder with everything that was done to it: written by `fixtures/make_bert_cases.py`. */
export interface BertCase extends Pick<ReferenceCase, 'ranges' | 'runs'> {
  /** File in `fixtures/`. */
  readonly model: string;
}

export function bertCases(): readonly BertCase[] {
  return linesOf('bert-cases.jsonl').map((line): BertCase => JSON.parse(line));
}

export function fixturePath(name: string): string {
  return join(import.meta.dirname, 'fixtures', name);
}

/** Endings that most names have, and what stands for them in the files. */
const SHORT: readonly (readonly [string, string])[] = [
  ['~do', '_DequantizeLinear_Output'],
  ['~qo', '_QuantizeLinear_Output'],
  ['~qi', '_QuantizeLinear_Input'],
  ['~d', 'DequantizeLinear'],
  ['~q', 'QuantizeLinear'],
  ['~z', '_zero_point'],
  ['~s', '_scale'],
  ['~i', '_quantized'],
];

function linesOf(file: string): string[] {
  const text = SHORT.reduce((all, [short, ending]) => all.replaceAll(short, ending), readFileSync(fixturePath(file), 'utf8'));
  return text.trimEnd().split('\n');
}

const DATA_TYPES: Readonly<Record<Kind, DataType>> = {
  float: DataType.FLOAT,
  float16: DataType.FLOAT16,
  int64: DataType.INT64,
  bool: DataType.BOOL,
  uint8: DataType.UINT8,
};

/** The model of a case, its types recorded. */
export function modelOfCase({ graph: written, types }: Pick<ReferenceCase, 'graph' | 'types'>): Model {
  const { opset = 17, constants = {} } = written;
  const graph = new Graph('graph');
  for (const [name, [kind, dims]] of Object.entries(written.inputs)) graph.addInput(name, tensorType(DATA_TYPES[kind], dims));
  for (const [name, [kind, dims]] of Object.entries(written.outputs)) graph.addOutput(name, tensorType(DATA_TYPES[kind], dims));
  for (const [name, constant] of Object.entries(constants)) graph.setInitializer(name, constantTensor(constant));
  for (const [index, [opType, inputs, outputs, attributes = {}, domain = '']] of written.nodes.entries()) {
    const typed = Object.fromEntries(Object.entries(attributes).map(([name, attribute]) => [name, attributeOf(attribute)]));
    graph.addNode({ opType, name: `node_${index}`, inputs, outputs, attributes: typed, domain });
  }
  for (const [name, [kind, dims]] of Object.entries(types)) graph.setType(name, tensorType(DATA_TYPES[kind], dims));
  const contrib = written.nodes.some(([, , , , domain]) => domain === 'com.microsoft') ? ([['com.microsoft', 1]] as const) : [];
  return createModel(graph, { irVersion: irVersionFor(opset), opsetImports: [['', opset], ...contrib] });
}

function attributeOf(written: WrittenAttribute): Attribute {
  switch (written[0]) {
    case 'int':
      return intAttribute(written[1]);
    case 'float':
      return floatAttribute(written[1]);
    case 'string':
      return stringAttribute(written[1]);
    case 'ints':
      return intsAttribute(written[1]);
    case 'tensor':
      return tensorAttribute(constantTensor(written[1]));
  }
}

function constantTensor([kind, dims, elements]: Constant): Tensor {
  const count = elementCount(dims);
  const isListed = elements.length === count && !(count === 2 && kind.startsWith('float'));
  const values = isListed ? elements : formula(count, elements);
  switch (kind) {
    case 'float':
      return float32Tensor(dims, values);
    case 'float16':
      return makeTensor(DataType.FLOAT16, dims, halvesFromFloats(Float32Array.from(values)));
    case 'int64':
      return int64Tensor(dims, values);
    default:
      return makeTensor(DATA_TYPES[kind], dims, Uint8Array.from(values));
  }
}

/** `constant` in `fixtures/make_cases.py`. */
function formula(count: number, [seed = 0, factor = 1]: readonly number[]): number[] {
  return Array.from({ length: count }, (_, i) => (((7919 * i + 104729 * seed) % 1009) / 504.5 - 1) * factor);
}

export function rangesOfCase({ ranges }: Pick<ReferenceCase, 'ranges'>): Map<string, TensorRange> {
  return new Map(Object.entries(ranges).map(([tensor, [min, max]]) => [tensor, { min, max }]));
}

export function settingsOf(model: Model, written: WrittenSettings): QdqSettings {
  const { builder = 'whole', overrides, extra, ...rest } = written;
  const axes = extra?.opTypePerChannelSupportToAxis;
  const request: QuantizationRequest = {
    activationType: 'uint8',
    weightType: 'uint8',
    perChannel: false,
    activationSymmetric: false,
    ...rest,
    ...(overrides ? { overrides: new Map(Object.entries(overrides).map(([tensor, list]) => [tensor, list.map(overrideOf)])) } : {}),
    extra: { ...extra, opTypePerChannelSupportToAxis: new Map(Object.entries(axes ?? {})) },
  };
  if (builder === 'plain') return plainSettings(request);
  return builder === 'qnn' ? qnnSettings(model, request) : wholeModelSettings(model, request);
}

function overrideOf({ convert, ...rest }: WrittenOverride): TensorOverride {
  if (convert === undefined) return rest;
  const { receivers, ...converted } = convert;
  return { ...rest, convert: { ...converted, ...(receivers ? { receivers: new Set(receivers) } : {}) } };
}
