import { stat } from 'node:fs/promises';
import { basename, dirname } from 'node:path';
import type { Problem } from '../../domain/errors.ts';
import { dataTypeName, elementCount } from '../graph/data-type.ts';
import type { Model } from '../graph/model.ts';
import { isOnnxDomain } from '../graph/node.ts';
import { type Tensor, tensorSizeBytes } from '../graph/tensor.ts';
import { allGraphs } from '../graph/topology.ts';
import type { Dim, ValueInfo } from '../graph/value.ts';
import { findProblems } from '../onnx/check.ts';
import { readModel, readModelBytes } from '../onnx/read.ts';
import { type EpContextNode, epContextNodes } from './ep-context.ts';
import { type ExternalFile, ExternalSizes } from './external-sizes.ts';
import { type ComputePrecision, computePrecision } from './precision.ts';

/** What a listing holds at most: a hostile model may have a million of anything. */
const MAX_LISTED = 500;
const LARGEST_TENSORS = 10;
const MAX_TEXT = 500;

/** An input or output. */
export interface InspectedValue {
  readonly name: string;
  /** Element type; `sequence or other` for what is no tensor. */
  readonly type: string;
  /** Null: the rank is unknown. A null dimension is unknown, a text is symbolic. */
  readonly dims: readonly Dim[] | null;
}

/** A constant tensor. */
export interface InspectedTensor {
  readonly name: string;
  readonly type: string;
  readonly dims: readonly number[];
  readonly bytes: number;
  /** The file that holds it, relative to the model's folder; null: inside the model file. */
  readonly file: string | null;
}

/** What a model is made of. Listings are cut at 500 entries, texts at 500 characters. */
export interface Inspection {
  readonly path: string;
  readonly fileBytes: number;
  readonly irVersion: number;
  readonly producer: string;
  readonly opsets: Readonly<Record<string, number>>;
  readonly metadata: Readonly<Record<string, string>>;
  readonly inputs: readonly InspectedValue[];
  readonly outputs: readonly InspectedValue[];
  /** Nodes of the main graph, and of all bodies inside it. */
  readonly nodes: number;
  readonly nodesInBodies: number;
  readonly functions: number;
  /** `Type`, or `domain::Type` outside of ai.onnx -> nodes, bodies included; most frequent first. */
  readonly operators: Readonly<Record<string, number>>;
  readonly precision: ComputePrecision & {
    /** Element type -> weights and constants of that type; most bytes first. */
    readonly weights: Readonly<Record<string, { readonly tensors: number; readonly elements: number; readonly bytes: number }>>;
  };
  readonly largestTensors: readonly InspectedTensor[];
  readonly externalFiles: readonly ExternalFile[];
  /** Parts that an execution provider compiled; empty for an ordinary model. */
  readonly epContexts: readonly EpContextNode[];
  /** What is structurally wrong; empty when sound. ONNX Runtime is not asked. */
  readonly problems: readonly Problem[];
}

/**
 * Reads an ONNX file and says what it is made of. External data is looked for and not read, so that memory does not grow with it. Throws `not-found`,
 * `invalid-onnx` and `too-large` as reading does.
 */
export async function inspectModel(path: string): Promise<Inspection> {
  const external = new ExternalSizes(dirname(path));
  const model = readModel(await readModelBytes(path), { where: basename(path), external });
  const problems = findProblems(model);
  const { graph } = model;
  const operators = operatorCounts(model);
  const nodes = graph.nodes.size;
  const constants = constantsOf(model);
  return {
    path,
    fileBytes: (await stat(path)).size,
    irVersion: model.irVersion,
    producer: cut([model.producerName, model.producerVersion].filter(Boolean).join(' ')),
    opsets: Object.fromEntries([...model.opsetImports].slice(0, MAX_LISTED).map(([domain, version]) => [domain || 'ai.onnx', version])),
    metadata: Object.fromEntries([...model.metadata].slice(0, MAX_LISTED).map(([key, value]) => [cut(key), cut(value)])),
    inputs: graph.inputs.slice(0, MAX_LISTED).map(describeValue),
    outputs: graph.outputs.slice(0, MAX_LISTED).map(describeValue),
    nodes,
    nodesInBodies: [...operators.values()].reduce((sum, count) => sum + count, 0) - nodes,
    functions: model.functions.length,
    operators: Object.fromEntries([...operators].sort(([, a], [, b]) => b - a).slice(0, MAX_LISTED)),
    precision: { weights: weightTypes(constants.map(([, tensor]) => tensor)), ...computePrecision(graph) },
    largestTensors: largest(constants).map(([name, tensor]) => describeTensor(name, tensor, external)),
    externalFiles: external.files().slice(0, MAX_LISTED),
    epContexts: epContextNodes(graph, dirname(path)),
    problems,
  };
}

function operatorCounts(model: Model): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const graph of allGraphs(model.graph)) {
    for (const { opType, domain } of graph.nodes) {
      const name = cut(isOnnxDomain(domain) ? opType : `${domain}::${opType}`);
      counts.set(name, (counts.get(name) ?? 0) + 1);
    }
  }
  return counts;
}

type Constant = readonly [string, Tensor];

/** Initialisers, and what Constant nodes hold. */
function constantsOf(model: Model): readonly Constant[] {
  const constants: Constant[] = [];
  for (const graph of allGraphs(model.graph)) {
    for (const entry of graph.initializers) constants.push(entry);
    for (const { outputs, attributes } of graph.nodes) {
      for (const attribute of attributes.values()) if (attribute.kind === 'tensor') constants.push([outputs[0] ?? '', attribute.value]);
    }
  }
  return constants;
}

function weightTypes(tensors: readonly Tensor[]): Inspection['precision']['weights'] {
  const types = new Map<string, { tensors: number; elements: number; bytes: number }>();
  for (const tensor of tensors) {
    const name = dataTypeName(tensor.dataType);
    const sum = types.get(name) ?? { tensors: 0, elements: 0, bytes: 0 };
    types.set(name, {
      tensors: sum.tensors + 1,
      elements: sum.elements + elementCount(tensor.dims),
      bytes: sum.bytes + tensorSizeBytes(tensor),
    });
  }
  return Object.fromEntries([...types].sort(([, a], [, b]) => b.bytes - a.bytes));
}

function largest(constants: readonly Constant[]): readonly Constant[] {
  return constants.toSorted(([, a], [, b]) => tensorSizeBytes(b) - tensorSizeBytes(a)).slice(0, LARGEST_TENSORS);
}

function describeTensor(name: string, tensor: Tensor, external: ExternalSizes): InspectedTensor {
  return {
    name: cut(name),
    type: dataTypeName(tensor.dataType),
    dims: tensor.dims,
    bytes: tensorSizeBytes(tensor),
    file: external.placeOf(tensor.bytes) ?? null,
  };
}

function describeValue({ name, type }: ValueInfo): InspectedValue {
  if (type?.kind !== 'tensor') return { name: cut(name), type: type === undefined ? 'unknown' : 'sequence or other', dims: null };
  return { name: cut(name), type: dataTypeName(type.dataType), dims: type.dims ?? null };
}

function cut(text: string): string {
  return text.length > MAX_TEXT ? `${text.slice(0, MAX_TEXT)}...` : text;
}
