import type { Attribute } from './attribute.ts';
import type { Graph } from './graph.ts';
import type { Extras } from './value.ts';

/** Node members that survive a round trip and that no pass reads. */
export interface NodeExtras extends Extras {
  /** Which overload of a model-local function the node calls. */
  readonly overload?: string;
  /** Encoded NodeDeviceConfigurationProto messages. */
  readonly deviceConfigurations?: readonly Uint8Array[];
}

/**
 * One operator call. Inputs and outputs change only through the graph that owns the node (`setInput`, `replaceUses`...), which keeps its indexes
 * right; everything else may be assigned. An empty name in `inputs` or `outputs` is an omitted optional one.
 */
export interface Node {
  opType: string;
  /** Empty for `ai.onnx`. */
  domain: string;
  name: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  /** May be edited in place, except that subgraphs are only recognised when present at `addNode`. */
  readonly attributes: Map<string, Attribute>;
  readonly extras?: NodeExtras;
}

/** What `Graph.addNode` takes; left-out members are empty. */
export interface NodeSpec {
  readonly opType: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly domain?: string;
  readonly name?: string;
  readonly attributes?: Readonly<Record<string, Attribute>> | ReadonlyMap<string, Attribute>;
  readonly extras?: NodeExtras;
}

/** Graphs held by a node's attributes (bodies of If, Loop, Scan), in attribute order. */
export function subgraphsOf(node: Node): Graph[] {
  const graphs: Graph[] = [];
  for (const attribute of node.attributes.values()) {
    if (attribute.kind === 'graph') graphs.push(attribute.value);
    else if (attribute.kind === 'graphs') graphs.push(...attribute.value);
  }
  return graphs;
}

/** `ai.onnx` and the empty domain are one. */
export function isOnnxDomain(domain: string): boolean {
  return domain === '' || domain === 'ai.onnx';
}

/** Whether the node calls the standard operator `opType`. */
export function isOp(node: Node, opType: string): boolean {
  return node.opType === opType && isOnnxDomain(node.domain);
}
