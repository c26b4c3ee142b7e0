import { GroveError } from '../../domain/errors.ts';
import { type Graph, type Node, subgraphsOf } from './graph.ts';

/** A node with the graph it is in. */
export interface Located {
  readonly graph: Graph;
  readonly node: Node;
}

/** All nodes of a graph and of the graphs inside it, outer nodes before those inside them. */
export function* allNodes(graph: Graph): Generator<Located> {
  for (const node of graph.nodes) {
    yield { graph, node };
    for (const body of subgraphsOf(node)) yield* allNodes(body);
  }
}

/** A graph and all graphs inside it. */
export function* allGraphs(graph: Graph): Generator<Graph> {
  yield graph;
  for (const node of graph.nodes) {
    for (const body of subgraphsOf(node)) yield* allGraphs(body);
  }
}

/**
 * The values a node reads of the graph it is in: its inputs, and what its subgraphs read without defining it.
 * Omitted inputs are left out.
 */
function valuesRead(node: Node): string[] {
  const values = node.inputs.filter((input) => input !== '');
  for (const body of subgraphsOf(node)) values.push(...capturedBy(body));
  return values;
}

/** Values that a subgraph takes from outside, by its nodes, the bodies inside it and its outputs. */
export function capturedBy(graph: Graph): string[] {
  const read = new Set<string>(graph.outputs.map((output) => output.name));
  for (const node of graph.nodes) for (const value of valuesRead(node)) read.add(value);
  return [...read].filter((value) => !graph.defines(value));
}

function isSorted(graph: Graph): boolean {
  const seen = new Set<Node>();
  for (const node of graph.nodes) {
    for (const value of valuesRead(node)) {
      const producer = graph.producer(value);
      if (producer && !seen.has(producer)) return false;
    }
    seen.add(node);
  }
  return true;
}

/**
 * Sorts nodes so that each comes after those it reads from, and otherwise keeps their order: a producer that stands too late moves to just before
 * its first consumer. A graph that is sorted already stays as it is. Subgraphs are sorted too. Throws `invalid-onnx` on a cycle.
 */
export function sortTopologically(graph: Graph): void {
  for (const node of graph.nodes) for (const body of subgraphsOf(node)) sortTopologically(body);
  if (isSorted(graph)) return;
  const order: Node[] = [];
  const state = new Map<Node, 'open' | 'done'>();
  for (const root of graph.nodes) visitProducersFirst({ graph, root, state, order });
  graph.reorder(order);
}

/**
 * Sorts nodes in the order in which they could run if everything ran as soon as it can: the graph's own constants and inputs, by name, make their readers
 * ready, and these theirs. It is the order of onnxruntime's quantizer, and files in it run faster: ONNX Runtime orders a graph from its outputs and takes
 * the input that comes last in the file first, so that dequantised weights, which come before all activations here, are made just before they are read.
 * Throws `invalid-onnx` on a cycle.
 */
export function sortByReadiness(graph: Graph): void {
  const waitsFor = new Map<Node, number>();
  const readers = new Map<string, Node[]>();
  const order: Node[] = [];
  for (const node of graph.nodes) {
    const values = valuesRead(node).filter((value) => graph.defines(value));
    for (const value of values) {
      const known = readers.get(value);
      if (known === undefined) readers.set(value, [node]);
      else known.push(node);
    }
    waitsFor.set(node, values.length);
    if (values.length === 0) order.push(node);
  }
  const release = (value: string): void => {
    for (const node of readers.get(value) ?? []) {
      const left = (waitsFor.get(node) ?? 0) - 1;
      waitsFor.set(node, left);
      if (left === 0) order.push(node);
    }
  };
  for (const value of [...readers.keys()].sort()) if (graph.producer(value) === undefined) release(value);
  // Grows while it is gone through.
  for (const node of order) node.outputs.forEach(release);
  if (order.length === graph.nodes.size) graph.reorder(order);
  sortTopologically(graph);
}

interface Visit {
  readonly graph: Graph;
  readonly root: Node;
  readonly state: Map<Node, 'open' | 'done'>;
  readonly order: Node[];
}

/** Depth-first over producers with a stack of its own: chains of any length must not overflow the call stack. */
function visitProducersFirst({ graph, root, state, order }: Visit): void {
  const stack = [root];
  while (stack.length > 0) {
    const node = stack[stack.length - 1];
    if (!node) break;
    if (state.get(node) === 'done') {
      stack.pop();
      continue;
    }
    const waiting = producersOf(graph, node).filter((producer) => state.get(producer) !== 'done');
    if (waiting.length === 0) {
      state.set(node, 'done');
      order.push(node);
      stack.pop();
      continue;
    }
    state.set(node, 'open');
    if (waiting.some((producer) => state.get(producer) === 'open')) throw cycleAt(graph, node);
    stack.push(...waiting.reverse());
  }
}

function producersOf(graph: Graph, node: Node): Node[] {
  const producers = new Set<Node>();
  for (const value of valuesRead(node)) {
    const producer = graph.producer(value);
    if (producer) producers.add(producer);
  }
  return [...producers];
}

function cycleAt(graph: Graph, node: Node): GroveError {
  const where = `graph "${graph.name}", node "${node.name || node.outputs.join(', ')}" (${node.opType})`;
  return new GroveError('invalid-onnx', { where, problem: 'the node depends on its own output' });
}

/** What `removeUnused` took away. */
export interface Removed {
  readonly nodes: number;
  readonly initializers: number;
}

/**
 * Removes nodes none of whose outputs is read or is a graph output, then initializers and type records that nothing mentions. Graph inputs stay.
 * Subgraphs are not cleaned, but what they read is kept.
 */
export function removeUnused(graph: Graph): Removed {
  const outputs = new Set(graph.outputs.map((output) => output.name));
  const isNeeded = (value: string): boolean => value !== '' && (outputs.has(value) || graph.consumers(value).length > 0);
  let nodes = 0;
  const candidates = [...graph.nodes];
  for (let node = candidates.pop(); node; node = candidates.pop()) {
    if (!graph.nodes.has(node) || node.outputs.some(isNeeded)) continue;
    const producers = producersOf(graph, node);
    graph.removeNode(node);
    nodes++;
    candidates.push(...producers);
  }
  let initializers = 0;
  for (const name of [...graph.initializers.keys()]) {
    if (isNeeded(name)) continue;
    graph.removeInitializer(name);
    initializers++;
  }
  for (const name of [...graph.valueInfo.keys()]) {
    if (!graph.producer(name) && graph.consumers(name).length === 0) graph.valueInfo.delete(name);
  }
  return { nodes, initializers };
}
