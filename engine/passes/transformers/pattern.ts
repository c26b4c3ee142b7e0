import type { Graph, Node } from '../../graph/graph.ts';
import { isOnnxDomain } from '../../graph/node.ts';
import type { Tensor } from '../../graph/tensor.ts';
import { integersOf, isScalarNear } from './scalar.ts';

/** What a value must be like, and by which name the match tells it. Made by the functions below. */
export type Pattern =
  | { readonly kind: 'any'; readonly name: string }
  | { readonly kind: 'constant'; readonly test: (tensor: Tensor) => boolean; readonly name: string | undefined }
  | { readonly kind: 'either'; readonly patterns: readonly Pattern[] }
  | { readonly kind: 'shared'; readonly pattern: Pattern }
  | { readonly kind: 'named'; readonly name: string; readonly pattern: Pattern }
  | ({ readonly kind: 'node'; readonly opType: string; readonly inputs: readonly Pattern[] } & NodeOptions);

/** What else is asked of a node; left out: an operator of `ai.onnx` with exactly these inputs in this order, whatever its attributes. */
export interface NodeOptions {
  /** The name by which the match tells the node. */
  readonly as?: string;
  readonly domain?: 'com.microsoft';
  /** Its two inputs may come in either order. */
  readonly commutes?: boolean;
  /** It may have further inputs. */
  readonly more?: boolean;
  readonly test?: (node: Node) => boolean;
}

/** Any value. A name used twice stands for the same value twice. */
export function any(name: string): Pattern {
  return { kind: 'any', name };
}

/** A constant that passes the test; without a test, any constant. */
export function constant(name: string | undefined, test: (tensor: Tensor) => boolean = () => true): Pattern {
  return { kind: 'constant', name, test };
}

/** A constant of one element no further than `tolerance` from `expected`. */
export function scalar(expected: number, tolerance = 1e-6): Pattern {
  return constant(undefined, (tensor) => isScalarNear(tensor, expected, tolerance));
}

/** A constant list of exactly these integers: axes, starts. */
export function integers(...expected: readonly number[]): Pattern {
  return constant(undefined, (tensor) => {
    const values = integersOf(tensor);
    return values?.length === expected.length && values.every((value, index) => value === expected[index]);
  });
}

/** The first output of a node. */
export function op(opType: string, inputs: readonly Pattern[], options: NodeOptions = {}): Pattern {
  return { kind: 'node', opType, inputs, ...options };
}

/** `op` with two inputs in either order. */
export function commutative(opType: string, a: Pattern, b: Pattern): Pattern {
  return op(opType, [a, b], { commutes: true });
}

/** The first of the patterns that fits, and the next where the rest of the match then fails. */
export function either(...patterns: readonly Pattern[]): Pattern {
  return { kind: 'either', patterns };
}

/** A value that fits the pattern, told by a name as `any` does it. */
export function named(name: string, pattern: Pattern): Pattern {
  return { kind: 'named', name, pattern };
}

/** A part that others may read too: its nodes are not the match's own. */
export function shared(pattern: Pattern): Pattern {
  return { kind: 'shared', pattern };
}

/** Where patterns are looked for. */
export interface PatternScene {
  readonly graph: Graph;
  /** The constant behind a value, or undefined. */
  constantOf(value: string): Tensor | undefined;
}

/** Where a pattern was found. */
export class Match {
  /** The matched nodes that are not in a shared part. */
  readonly nodes: ReadonlySet<Node>;
  readonly #found: Found;

  constructor(found: Found) {
    this.nodes = new Set(found.own);
    this.#found = found;
  }

  /** Whether the branch of the pattern that fitted has a value called so. */
  has(name: string): boolean {
    return this.#found.values.has(name);
  }

  /** The value called so in the pattern. Throws RangeError when there is none. */
  value(name: string): string {
    const value = this.#found.values.get(name);
    if (value === undefined) throw new RangeError(`the pattern has no value "${name}"`);
    return value;
  }

  /** The nodes called so in the pattern: none in a branch that did not fit, several when the pattern asks for it several times. */
  nodesCalled(name: string): readonly Node[] {
    return this.#found.named.filter(([called]) => called === name).map(([, node]) => node);
  }
}

interface Found {
  readonly own: readonly Node[];
  readonly values: ReadonlyMap<string, string>;
  readonly named: readonly (readonly [string, Node])[];
}

const NOTHING: Found = { own: [], values: new Map(), named: [] };

/** The first way in which a value fits a pattern that also passes `accept`. */
export function findMatch(scene: PatternScene, goal: Goal, accept: (match: Match) => boolean): Match | undefined {
  for (const found of search(scene, goal, NOTHING)) {
    const match = new Match(found);
    if (accept(match)) return match;
  }
  return undefined;
}

/** A value and what it shall be like. */
export interface Goal {
  readonly value: string;
  readonly pattern: Pattern;
}

function* search(scene: PatternScene, { value, pattern }: Goal, found: Found): Generator<Found> {
  switch (pattern.kind) {
    case 'any':
      yield* bind(found, pattern.name, value);
      return;
    case 'constant': {
      const tensor = scene.constantOf(value);
      if (tensor === undefined || !pattern.test(tensor)) return;
      if (pattern.name === undefined) yield found;
      else yield* bind(found, pattern.name, value);
      return;
    }
    case 'either':
      for (const option of pattern.patterns) yield* search(scene, { value, pattern: option }, found);
      return;
    case 'named':
      for (const bound of bind(found, pattern.name, value)) yield* search(scene, { value, pattern: pattern.pattern }, bound);
      return;
    case 'shared':
      for (const inner of search(scene, { value, pattern: pattern.pattern }, found)) yield { ...inner, own: found.own };
      return;
    case 'node':
      yield* searchNode(scene, { value, pattern }, found);
  }
}

function* bind(found: Found, name: string, value: string): Generator<Found> {
  const earlier = found.values.get(name);
  if (value === '' || (earlier !== undefined && earlier !== value)) return;
  yield earlier === value ? found : { ...found, values: new Map([...found.values, [name, value]]) };
}

type NodePattern = Extract<Pattern, { kind: 'node' }>;

function* searchNode(
  scene: PatternScene,
  { value, pattern }: { readonly value: string; readonly pattern: NodePattern },
  found: Found,
): Generator<Found> {
  const node = scene.graph.producer(value);
  if (node === undefined || node.outputs[0] !== value || !isOperator(node, pattern)) return;
  const named = pattern.as === undefined ? found.named : [...found.named, [pattern.as, node] as const];
  const start: Found = { ...found, own: [...found.own, node], named };
  yield* searchInputs(scene, { values: node.inputs, patterns: pattern.inputs }, start);
  const [first, second, ...others] = node.inputs;
  if (pattern.commutes !== true || first === undefined || second === undefined || first === second) return;
  yield* searchInputs(scene, { values: [second, first, ...others], patterns: pattern.inputs }, start);
}

function isOperator(node: Node, { opType, domain, inputs, more = false, test }: NodePattern): boolean {
  if (node.opType !== opType || !(domain === undefined ? isOnnxDomain(node.domain) : node.domain === domain)) return false;
  const count = node.inputs.length;
  return (more ? count >= inputs.length : count === inputs.length) && (test === undefined || test(node));
}

interface Goals {
  readonly values: readonly string[];
  readonly patterns: readonly Pattern[];
}

function* searchInputs(scene: PatternScene, { values, patterns }: Goals, found: Found): Generator<Found> {
  const [pattern, ...rest] = patterns;
  if (pattern === undefined) {
    yield found;
    return;
  }
  for (const next of search(scene, { value: values[0] ?? '', pattern }, found)) {
    yield* searchInputs(scene, { values: values.slice(1), patterns: rest }, next);
  }
}
