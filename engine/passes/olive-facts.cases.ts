import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import type { Attribute, Graph } from '../graph/graph.ts';
import type { Model } from '../graph/model.ts';
import type { Tensor } from '../graph/tensor.ts';
import type { ValueInfo } from '../graph/value.ts';
import { readModel } from '../onnx/read.ts';
import { isNumericType, type Tensor as RuntimeTensor, tensorBytes, tensorFromBytes } from '../runtime/tensor.ts';

/** What a graph holds, as the vector makers in `fixtures/` write it down. */
export interface GraphFacts {
  readonly inputs: readonly Named[];
  readonly outputs: readonly Named[];
  readonly valueInfo: Readonly<Record<string, unknown>>;
  readonly initializers: Readonly<Record<string, unknown>>;
  readonly nodes: readonly NodeFacts[];
}

interface Named {
  readonly name: string;
}

interface NodeFacts {
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
}

/** A tensor of a run, as numpy names its type. */
export interface RunTensor {
  readonly type: string;
  readonly dims: readonly number[];
  /** Its little-endian bytes. */
  readonly hex: string;
}

/** A tensor to feed. */
export function runTensor({ type, dims, hex }: RunTensor): RuntimeTensor {
  if (!isNumericType(type)) throw new TypeError(`no element type is called ${type}`);
  return tensorFromBytes(type, dims, Buffer.from(hex, 'hex'));
}

/** What a run gave, to compare with a vector. */
export function runFacts(tensor: RuntimeTensor): RunTensor {
  return { type: tensor.dtype, dims: tensor.dims, hex: Buffer.from(tensorBytes(tensor)).toString('hex') };
}

/** Cases of a file in `fixtures/`, which the script beside it made with the reference. */
export async function readCases<Case>(file: string): Promise<readonly Case[]> {
  const path = fileURLToPath(new URL(`fixtures/${file}`, import.meta.url));
  const document: { readonly cases: readonly Case[] } = JSON.parse(await readFile(path, 'utf8'));
  return document.cases;
}

/** The model of a case. */
export function modelOfCase({ model }: { readonly model: string }): Model {
  return readModel(Buffer.from(model, 'base64'));
}

/** What a graph holds. Nodes come by the value they write: their order is free where nothing depends on it. */
export function factsOf(graph: Graph): GraphFacts {
  return ordered(rawFacts(graph));
}

function rawFacts(graph: Graph): GraphFacts {
  const initializers = Object.fromEntries([...graph.initializers].map(([name, tensor]) => [name, tensorFacts(tensor)]));
  const nodes = [...graph.nodes].map(({ opType, name, inputs, outputs, attributes }) => ({
    op: opType,
    name,
    inputs,
    outputs,
    attributes: Object.fromEntries([...attributes].map(([key, attribute]) => [key, attributeFacts(attribute)])),
  }));
  const valueInfo = Object.fromEntries([...graph.valueInfo].map(([name, info]) => [name, valueFacts(info)]));
  return { inputs: graph.inputs.map(valueFacts), outputs: graph.outputs.map(valueFacts), valueInfo, initializers, nodes };
}

/** The same facts in one order, without initialisers that nobody reads: some of Olive's rewrites leave them behind. */
export function ordered(facts: GraphFacts): GraphFacts {
  const read = new Set(facts.nodes.flatMap(({ inputs }) => inputs));
  const ends = new Set(facts.outputs.map(({ name }) => name));
  const initializers = Object.fromEntries(Object.entries(facts.initializers).filter(([name]) => read.has(name) || ends.has(name)));
  const key = ({ outputs }: NodeFacts): string => outputs.join();
  return { ...facts, initializers, nodes: facts.nodes.toSorted((a, b) => (key(a) < key(b) ? -1 : 1)) };
}

function tensorFacts({ dataType, dims, bytes }: Tensor): unknown {
  return { type: dataType, dims, hex: Buffer.from(bytes).toString('hex') };
}

function valueFacts({ name, type }: ValueInfo): Named {
  return { name, ...(type?.kind === 'tensor' ? { type: type.dataType, dims: type.dims ?? null } : {}) };
}

function attributeFacts(attribute: Attribute): unknown {
  switch (attribute.kind) {
    case 'tensor':
      return tensorFacts(attribute.value);
    case 'graph':
      return rawFacts(attribute.value);
    case 'int':
      return Number(attribute.value);
    case 'ints':
      return attribute.value.map(Number);
    case 'string':
      return new TextDecoder().decode(attribute.value);
    default:
      return attribute.value;
  }
}
