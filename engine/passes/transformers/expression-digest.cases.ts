import { createHash } from 'node:crypto';
import type { Attribute, Node } from '../../graph/graph.ts';
import type { Model } from '../../graph/model.ts';
import { isOnnxDomain } from '../../graph/node.ts';
import type { Tensor } from '../../graph/tensor.ts';
import { sortTopologically } from '../../graph/topology.ts';

/** What a model computes, independent of names, of the order of nodes and of where constants are kept. */
export interface ModelSummary {
  readonly nodes: number;
  /** How many nodes of each operator, with its domain unless that is ai.onnx. */
  readonly ops: Readonly<Record<string, number>>;
  readonly inputs: Readonly<Record<string, number>>;
  /** Element type and the digest of the whole expression, weights included. */
  readonly outputs: Readonly<Record<string, readonly [number, string]>>;
}

/** Summarises a model without bodies, as `fixtures/make_references.py` does. */
export function summarize({ graph }: Model): ModelSummary {
  sortTopologically(graph);
  const digests = new Map<string, string>([['', 'none']]);
  for (const { name, type } of graph.inputs) digests.set(name, digest('input', name, String(elementType(type))));
  for (const [name, tensor] of graph.initializers) digests.set(name, tensorDigest(tensor));
  const ops: Record<string, number> = {};
  for (const node of graph.nodes) {
    const name = isOnnxDomain(node.domain) ? node.opType : `${node.domain}::${node.opType}`;
    ops[name] = (ops[name] ?? 0) + 1;
    node.outputs.forEach((output, index) => {
      if (output !== '') digests.set(output, nodeDigest(node, index, digests));
    });
  }
  return {
    nodes: graph.nodes.size,
    ops: Object.fromEntries(Object.entries(ops).sort(([a], [b]) => (a < b ? -1 : 1))),
    inputs: Object.fromEntries(graph.inputs.map(({ name, type }) => [name, elementType(type)])),
    outputs: Object.fromEntries(graph.outputs.map(({ name, type }) => [name, [elementType(type), digests.get(name) ?? '']])),
  };
}

function elementType(type: Model['graph']['inputs'][number]['type']): number {
  return type?.kind === 'tensor' ? type.dataType : 0;
}

function nodeDigest(node: Node, index: number, digests: ReadonlyMap<string, string>): string {
  const value = node.attributes.get('value');
  if (node.opType === 'Constant' && value?.kind === 'tensor') return tensorDigest(value.value);
  const inputs = node.inputs.map((input) => digests.get(input) ?? `unknown ${input}`);
  const attributes = [...node.attributes]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, attribute]) => `${name}=${attributeText(attribute)}`);
  return digest('node', isOnnxDomain(node.domain) ? '' : node.domain, node.opType, inputs.join(','), attributes.join(','), String(index));
}

function tensorDigest({ dataType, dims, bytes }: Tensor): string {
  return digest('constant', String(dataType), dims.join(','), Buffer.from(bytes).toString('hex'));
}

function attributeText(attribute: Attribute): string {
  switch (attribute.kind) {
    case 'float':
      return `f${floatHex(attribute.value)}`;
    case 'int':
      return `i${attribute.value}`;
    case 'string':
      return `s${Buffer.from(attribute.value).toString()}`;
    case 'ints':
      return `I${attribute.value.join(',')}`;
    case 'floats':
      return `F${attribute.value.map(floatHex).join(',')}`;
    case 'tensor':
      return `t${tensorDigest(attribute.value)}`;
    default:
      throw new TypeError(`attribute of kind ${attribute.kind}`);
  }
}

function floatHex(value: number): string {
  return Buffer.from(Float32Array.of(value).buffer).toString('hex');
}

function digest(...parts: readonly string[]): string {
  return createHash('sha256').update(parts.join('|')).digest('hex').slice(0, 16);
}
