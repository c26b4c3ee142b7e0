import fc from 'fast-check';
import { intsAttribute } from '../../graph/attribute.ts';
import { DataType } from '../../graph/data-type.ts';
import type { Graph, Node } from '../../graph/graph.ts';
import type { Model } from '../../graph/model.ts';
import { float32Tensor, int64Tensor, type Tensor, toFloat32, toNumbers } from '../../graph/tensor.ts';

/** One change of a model, at places that random numbers choose. The result may be no valid model any more. */
export interface Damage {
  readonly kind: keyof typeof KINDS;
  readonly place: number;
  readonly choice: number;
}

/** Integer constants up to this size are shapes, axes and the like. */
const MAX_INTEGERS = 8;

/** How often `choice` is taken apart. */
const SPAN = 1000;

function pick<T>(items: readonly T[], choice: number): T | undefined {
  return items[choice % Math.max(1, items.length)];
}

function nodesOf(graph: Graph, isFit: (node: Node) => boolean): readonly Node[] {
  return [...graph.nodes].filter(isFit);
}

function held(node: Node, dataType: DataType): Tensor | undefined {
  const value = node.attributes.get('value');
  return node.opType === 'Constant' && value?.kind === 'tensor' && value.value.dataType === dataType ? value.value : undefined;
}

const KINDS = {
  /** Makes an inner value an output. */
  expose(graph: Graph, place: number): void {
    const output =
      pick(
        nodesOf(graph, ({ opType }) => opType !== 'Constant'),
        place,
      )?.outputs[0] ?? '';
    if (!graph.isOutput(output)) graph.addOutput(output, undefined);
  },
  /** Gives an inner value one more reader. */
  read(graph: Graph, place: number): void {
    const output =
      pick(
        nodesOf(graph, ({ opType }) => opType !== 'Constant'),
        place,
      )?.outputs[0] ?? '';
    const copy = graph.freshName('copy');
    graph.addNode({ opType: 'Identity', inputs: [output], outputs: [copy] });
    graph.addOutput(copy, undefined);
  },
  /** Changes a float constant. */
  scale(graph: Graph, place: number, choice: number): void {
    const node = pick(
      nodesOf(graph, (candidate) => held(candidate, DataType.FLOAT) !== undefined),
      place,
    );
    const tensor = node && held(node, DataType.FLOAT);
    const factor = pick([0.5, 2, -1, 1.01, 1.5], choice) ?? 1;
    if (node === undefined || tensor === undefined) return;
    const values = toFloat32(tensor).map((value) => value * factor);
    node.attributes.set('value', { kind: 'tensor', value: float32Tensor(tensor.dims, values) });
  },
  /** Changes one entry of a shape, an axis, a start or an end. */
  shift(graph: Graph, place: number, choice: number): void {
    const isFit = (node: Node): boolean => (held(node, DataType.INT64)?.bytes.length ?? Number.POSITIVE_INFINITY) <= MAX_INTEGERS * 8;
    const node = pick(nodesOf(graph, isFit), place);
    const tensor = node && held(node, DataType.INT64);
    if (node === undefined || tensor === undefined) return;
    const values = toNumbers(tensor).map((value, index, all) =>
      index === choice % all.length ? value + (choice % 2 === 0 ? 1 : -1) : value,
    );
    node.attributes.set('value', { kind: 'tensor', value: int64Tensor(tensor.dims, values) });
  },
  /** Turns the operands of an addition or product around. */
  swap(graph: Graph, place: number): void {
    const node = pick(
      nodesOf(graph, ({ opType }) => opType === 'Add' || opType === 'Mul'),
      place,
    );
    if (node !== undefined) graph.setInputs(node, [...node.inputs].reverse());
  },
  /** Lets a node read what another node of its kind reads. */
  rewire(graph: Graph, place: number, choice: number): void {
    const node = pick(
      nodesOf(graph, ({ inputs }) => inputs.length > 0),
      place,
    );
    const other =
      node &&
      pick(
        nodesOf(graph, ({ opType }) => opType === node.opType),
        choice,
      );
    const index = choice % (node?.inputs.length ?? 1);
    const value = other?.inputs[index];
    if (node !== undefined && value !== undefined) graph.setInput(node, index, value);
  },
  /** Lets two weights of one shape be one. */
  share(graph: Graph, place: number, choice: number): void {
    const [name, tensor] = pick([...graph.initializers], place) ?? [];
    const equal = [...graph.initializers].filter(([, { dims }]) => String(dims) === String(tensor?.dims));
    const [other] = pick(equal, choice) ?? [];
    if (name !== undefined && other !== undefined) graph.replaceUses(name, other);
  },
  /** Changes an order of axes or a list of axes. */
  turn(graph: Graph, place: number, choice: number): void {
    const node = pick(
      nodesOf(graph, ({ attributes }) => attributes.has('perm') || attributes.has('axes')),
      place,
    );
    const order =
      pick(
        [
          [0, 2, 1, 3],
          [0, 1, 2, 3],
          [0, 2, 3, 1],
          [0, 1, 3, 2],
        ],
        choice,
      ) ?? [];
    if (node?.attributes.has('perm')) node.attributes.set('perm', intsAttribute(order));
    else node?.attributes.set('axes', intsAttribute([(choice % 4) - 2]));
  },
} as const satisfies Record<string, (graph: Graph, place: number, choice: number) => void>;

const kinds = Object.keys(KINDS).filter((kind): kind is Damage['kind'] => Object.hasOwn(KINDS, kind));

/** A few random changes. */
export const damages: fc.Arbitrary<readonly Damage[]> = fc.array(
  fc.record({ kind: fc.constantFrom(...kinds), place: fc.nat(SPAN), choice: fc.nat(SPAN) }),
  { minLength: 1, maxLength: 3 },
);

/** Changes a model in place. */
export function damage({ graph }: Model, list: readonly Damage[]): void {
  for (const { kind, place, choice } of list) KINDS[kind](graph, place, choice);
}
