import { dataTypeName } from '../graph/data-type.ts';
import type { Node } from '../graph/graph.ts';
import type { Model } from '../graph/model.ts';
import { isOnnxDomain } from '../graph/node.ts';
import { allNodes } from '../graph/topology.ts';
import type { ValueInfo } from '../graph/value.ts';
import { compareWeights, type Side, type WeightsDifference } from './compare-weights.ts';
import { fingerprint } from './fingerprint.ts';
import { type Listing, listing } from './listing.ts';

/** Something that is one thing in the first model and another in the second; null: absent. */
export interface Change<T> {
  readonly name: string;
  readonly a: T | null;
  readonly b: T | null;
}

/** How the graphs of two models differ. */
export interface StructureDifference {
  /** Both compute the same from the same weights by the same operator sets, whatever nodes and values are called. */
  readonly sameComputation: boolean;
  readonly opsets: readonly Change<number>[];
  /** By position: `input_ids int64[1, 128]`. */
  readonly inputs: readonly Change<string>[];
  readonly outputs: readonly Change<string>[];
  /** Operators whose number differs, bodies included; largest changes first. */
  readonly operators: readonly Change<number>[];
  readonly nodes: {
    /** Compute the same. */
    readonly same: number;
    /** Are the same by themselves and read something else. */
    readonly downstream: number;
    /** Have one name and are different by themselves. */
    readonly changed: Listing<Change<string>>;
    readonly onlyA: Listing<string>;
    readonly onlyB: Listing<string>;
  };
  readonly weights: WeightsDifference;
  readonly metadata: readonly Change<string>[];
}

/** Changes of one kind that are listed. */
const MAX_CHANGES = 200;

/** Compares two models without running them. Sorts their graphs. Throws `invalid-onnx` for a cycle. */
export function compareStructure(a: Model, b: Model): StructureDifference {
  const [left, right] = [sideOf(a), sideOf(b)];
  const opsets = changes(a.opsetImports, b.opsetImports);
  const inputs = valueChanges(a.graph.inputs, b.graph.inputs);
  const outputs = valueChanges(a.graph.outputs, b.graph.outputs);
  return {
    sameComputation: opsets.length === 0 && sameTypes(a, b) && left.prints.outputs.join() === right.prints.outputs.join(),
    opsets,
    inputs,
    outputs,
    operators: changes(operatorCounts(a), operatorCounts(b)).toSorted((x, y) => size(y) - size(x)),
    nodes: compareNodes(left, right),
    weights: compareWeights(left, right),
    metadata: changes(a.metadata, b.metadata),
  };
}

const sideOf = ({ graph }: Model): Side => ({ graph, prints: fingerprint(graph) });
const size = ({ a, b }: Change<number>): number => Math.abs((a ?? 0) - (b ?? 0));

/** Names of inputs and outputs are names; their types and shapes decide what may be fed. */
function sameTypes(a: Model, b: Model): boolean {
  const types = ({ graph }: Model) => [...graph.inputs, ...graph.outputs].map((info) => typeText(info)).join();
  return a.graph.inputs.length === b.graph.inputs.length && types(a) === types(b);
}

function changes<T extends string | number>(a: ReadonlyMap<string, T>, b: ReadonlyMap<string, T>): readonly Change<T>[] {
  const names = [...new Set([...a.keys(), ...b.keys()])].filter((name) => a.get(name) !== b.get(name));
  return names.slice(0, MAX_CHANGES).map((name) => ({ name: name || 'ai.onnx', a: a.get(name) ?? null, b: b.get(name) ?? null }));
}

function valueChanges(a: readonly ValueInfo[], b: readonly ValueInfo[]): readonly Change<string>[] {
  const text = (info: ValueInfo | undefined) => (info === undefined ? null : `${info.name} ${typeText(info)}`);
  const positions = Array.from({ length: Math.max(a.length, b.length) }, (_, index) => index);
  const all = positions.map((index) => ({ name: String(index), a: text(a[index]), b: text(b[index]) }));
  return all.filter((change) => change.a !== change.b).slice(0, MAX_CHANGES);
}

function typeText({ type }: ValueInfo): string {
  if (type?.kind !== 'tensor') return type === undefined ? 'unknown' : 'other';
  const dims = type.dims?.map((dim) => dim ?? '?').join(', ');
  return `${dataTypeName(type.dataType)}${dims === undefined ? '' : `[${dims}]`}`;
}

function operatorCounts({ graph }: Model): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const { node } of allNodes(graph)) counts.set(operatorOf(node), (counts.get(operatorOf(node)) ?? 0) + 1);
  return counts;
}

function operatorOf({ opType, domain }: Node): string {
  return isOnnxDomain(domain) ? opType : `${domain}::${opType}`;
}

/** Nodes that compute the same pair up first; of the rest those of one name, then those that are the same by themselves. */
function compareNodes(a: Side, b: Side): StructureDifference['nodes'] {
  const whole = pairUp([...a.graph.nodes], [...b.graph.nodes], {
    ofA: (node) => a.prints.nodes.get(node),
    ofB: (node) => b.prints.nodes.get(node),
  });
  const byName = (node: Node) => (node.name === '' ? undefined : node.name);
  const named = pairUp(whole.restA, whole.restB, { ofA: byName, ofB: byName });
  const isSameItself = ([x, y]: readonly [Node, Node]) => a.prints.own.get(x) === b.prints.own.get(y);
  const changed = named.pairs.filter((pair) => !isSameItself(pair));
  const alike = pairUp(named.restA, named.restB, { ofA: (node) => a.prints.own.get(node), ofB: (node) => b.prints.own.get(node) });
  return {
    same: whole.pairs.length,
    downstream: named.pairs.length - changed.length + alike.pairs.length,
    changed: listing(changed, ([x, y]) => ({ name: x.name, a: operatorOf(x), b: operatorOf(y) })),
    onlyA: listing(alike.restA, nodeText),
    onlyB: listing(alike.restB, nodeText),
  };
}

interface Keys {
  ofA(node: Node): string | undefined;
  ofB(node: Node): string | undefined;
}

/** Pairs nodes of equal keys in their order; those without a key stay alone. */
function pairUp(a: readonly Node[], b: readonly Node[], keys: Keys) {
  const waiting = new Map<string, Node[]>();
  for (const node of b.toReversed()) {
    const key = keys.ofB(node);
    if (key === undefined) continue;
    const nodes = waiting.get(key);
    if (nodes === undefined) waiting.set(key, [node]);
    else nodes.push(node);
  }
  const pairs: (readonly [Node, Node])[] = [];
  const restA: Node[] = [];
  for (const node of a) {
    const other = waiting.get(keys.ofA(node) ?? '')?.pop();
    if (other === undefined) restA.push(node);
    else pairs.push([node, other]);
  }
  const paired = new Set(pairs.map(([, other]) => other));
  return { pairs, restA, restB: b.filter((node) => !paired.has(node)) };
}

function nodeText(node: Node): string {
  return `${operatorOf(node)} ${node.name || (node.outputs[0] ?? '')}`;
}
