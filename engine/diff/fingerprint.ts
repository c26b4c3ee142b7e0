import { createHash, type Hash } from 'node:crypto';
import type { Attribute, Graph, Node } from '../graph/graph.ts';
import { isOnnxDomain } from '../graph/node.ts';
import type { Tensor } from '../graph/tensor.ts';
import { sortTopologically } from '../graph/topology.ts';

/** Stands for everything a node or a value depends on; equal ones compute the same, whatever anything is called. */
export type Fingerprint = string;

/** The nodes of a graph with their fingerprints. */
export interface FingerprintedGraph {
  /** What a node computes, everything before it included. */
  readonly nodes: ReadonlyMap<Node, Fingerprint>;
  /** What a node is by itself: operator, attributes, number of inputs. */
  readonly own: ReadonlyMap<Node, Fingerprint>;
  readonly initializers: ReadonlyMap<string, Fingerprint>;
  /** The outputs in order. */
  readonly outputs: readonly Fingerprint[];
}

/** Fingerprints of the values a node may read. */
interface Values {
  get(name: string): Fingerprint | undefined;
}

const NO_VALUES: Values = { get: () => undefined };

/**
 * Fingerprints of a graph: inputs count by position, constants by content. Sorts the graph. Throws `invalid-onnx` on a cycle. Time and memory grow with
 * nodes and bytes, not with paths.
 */
export function fingerprint(graph: Graph, outer: Values = NO_VALUES): FingerprintedGraph {
  sortTopologically(graph);
  const here = new Map<string, Fingerprint>();
  // Looked up, not copied: a graph may hold as many bodies as values.
  const values: Values = { get: (name) => here.get(name) ?? outer.get(name) };
  const initializers = new Map([...graph.initializers].map(([name, tensor]) => [name, tensorFingerprint(tensor)] as const));
  for (const [name, value] of initializers) here.set(name, value);
  for (const [position, { name }] of graph.inputs.entries()) if (!initializers.has(name)) here.set(name, `input ${position}`);
  const [nodes, own] = [new Map<Node, Fingerprint>(), new Map<Node, Fingerprint>()];
  for (const node of graph.nodes) {
    const itself = ownFingerprint(node, values);
    const whole = digest((hash) => {
      hash.update(itself);
      for (const input of node.inputs) hash.update(`|${input === '' ? 'omitted' : (values.get(input) ?? `free ${input}`)}`);
    });
    own.set(node, itself);
    nodes.set(node, whole);
    for (const [index, output] of node.outputs.entries()) if (output !== '') here.set(output, `${whole}#${index}`);
  }
  return { nodes, own, initializers, outputs: graph.outputs.map(({ name }) => values.get(name) ?? `free ${name}`) };
}

function ownFingerprint(node: Node, values: Values): Fingerprint {
  return digest((hash) => {
    hash.update(`${isOnnxDomain(node.domain) ? '' : node.domain}::${node.opType}/${node.inputs.length}/${node.outputs.length}`);
    for (const [name, attribute] of [...node.attributes].sort(([a], [b]) => (a < b ? -1 : 1))) {
      hash.update(`|${name}=${attribute.kind}:`);
      hash.update(attributeFingerprint(attribute, values));
    }
  });
}

function attributeFingerprint(attribute: Attribute, values: Values): string | Uint8Array {
  switch (attribute.kind) {
    case 'float':
    case 'int':
      return String(attribute.value);
    case 'floats':
    case 'ints':
      return attribute.value.join(',');
    case 'string':
    case 'encoded':
      return attribute.value;
    case 'strings':
      return attribute.value.map((bytes) => Buffer.from(bytes).toString('base64')).join(',');
    case 'tensor':
      return tensorFingerprint(attribute.value);
    case 'tensors':
      return attribute.value.map(tensorFingerprint).join(',');
    case 'graph':
      return bodyFingerprint(attribute.value, values);
    case 'graphs':
      return attribute.value.map((body) => bodyFingerprint(body, values)).join(',');
  }
}

/** Nodes of a body that lead to none of its outputs count too. */
function bodyFingerprint(body: Graph, values: Values): Fingerprint {
  const { nodes, outputs } = fingerprint(body, values);
  return digest((hash) => hash.update([...outputs, ...[...nodes.values()].sort()].join('|')));
}

function tensorFingerprint(tensor: Tensor): Fingerprint {
  return digest((hash) => {
    hash.update(`${tensor.dataType}[${tensor.dims.join(',')}]`).update(tensor.bytes);
    for (const text of tensor.strings ?? []) hash.update(`${text.length}:`).update(text);
  });
}

function digest(feed: (hash: Hash) => void): Fingerprint {
  const hash = createHash('sha1');
  feed(hash);
  return hash.digest('base64');
}
