import { statSync } from 'node:fs';
import type { Graph, Node } from '../graph/graph.ts';
import { allNodes } from '../graph/topology.ts';
import { resolveExternal } from '../onnx/external-data.ts';

/** Nodes that are listed; a compiled model has one to a few dozen. */
const MAX_LISTED = 100;

/** A part of a model that an execution provider has compiled. */
export interface EpContextNode {
  readonly name: string;
  /** Who compiled it, for example `QNNExecutionProvider`; empty when the node does not say. */
  readonly source: string;
  readonly partition: string;
  readonly sdkVersion: string;
  readonly hardware: string;
  /** Bytes inside the node; null when they are in a file. */
  readonly embeddedBytes: number | null;
  /** The file that holds them; null when they are inside. */
  readonly file: { readonly location: string; readonly sizeBytes: number | null } | null;
}

/** Compiled parts of a model, the first `most`. A file outside the model's folder throws `invalid-onnx`; a missing one is told. */
export function epContextNodes(main: Graph, folder: string, most = MAX_LISTED): readonly EpContextNode[] {
  const nodes = [...allNodes(main)].filter(({ node }) => node.opType === 'EPContext').slice(0, most);
  return nodes.map(({ node }) => describe(node, folder));
}

function describe(node: Node, folder: string): EpContextNode {
  const mode = node.attributes.get('embed_mode');
  const isEmbedded = mode?.kind !== 'int' || mode.value !== 0n;
  const isMain = !(node.attributes.get('main_context')?.kind === 'int' && node.attributes.get('main_context')?.value === 0n);
  const location = text(node, 'ep_cache_context');
  return {
    name: node.name || (node.outputs[0] ?? ''),
    source: text(node, 'source'),
    partition: text(node, 'partition_name'),
    sdkVersion: text(node, 'ep_sdk_version'),
    hardware: text(node, 'hardware_architecture'),
    embeddedBytes: isEmbedded ? bytesOf(node, 'ep_cache_context') : null,
    // Partitions of one context name the file once, in the main node.
    file: isEmbedded || (location === '' && !isMain) ? null : { location, sizeBytes: sizeOf(folder, location, node.name) },
  };
}

function sizeOf(folder: string, location: string, name: string): number | null {
  const path = resolveExternal(folder, location, `EPContext node "${name}"`);
  const status = path === undefined ? undefined : statSync(path);
  return status?.isFile() === true ? status.size : null;
}

function bytesOf({ attributes }: Node, name: string): number {
  const attribute = attributes.get(name);
  return attribute?.kind === 'string' ? attribute.value.length : 0;
}

function text({ attributes }: Node, name: string): string {
  const attribute = attributes.get(name);
  return attribute?.kind === 'string' && attribute.value.length <= 4096 ? new TextDecoder().decode(attribute.value) : '';
}
