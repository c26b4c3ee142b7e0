import { intAttribute, intsAttribute } from '../../graph/attribute.ts';
import { DataType } from '../../graph/data-type.ts';
import type { Graph } from '../../graph/graph.ts';
import type { Model } from '../../graph/model.ts';
import { int64Tensor } from '../../graph/tensor.ts';
import { tensorType } from '../../graph/value.ts';
import type { NamedTensors } from '../../runtime/tensor.ts';
import { graphWith, modelOf } from '../passes.cases.ts';
import { add, floatFeed, hold, number, weight } from './fusions.cases.ts';

/** What a block of attention over `x` [batch, length, 6] with two heads is made of; each member may be replaced. */
export interface AttentionParts {
  /** Scores divided, multiplied, or query and key multiplied by computed roots before. */
  readonly scaling: 'divided' | 'multiplied' | 'before';
  /** By what, instead of the root of the head size. */
  readonly divisor: number;
  /** `(1 - mask) · filter`, `filter` where the mask is zero, or none. */
  readonly mask: 'arithmetic' | 'selected' | 'none';
  readonly filter: number;
  readonly queryOrder: readonly number[];
  readonly keyOrder: readonly number[];
  readonly valueOrder: readonly number[];
  readonly contextOrder: readonly number[];
  /** Null: not told. */
  readonly softmaxAxis: number | null;
  /** Axes that the mask gets. */
  readonly maskAxes: readonly [number, number];
  /** Columns of the value's weight. */
  readonly valueWidth: number;
  readonly keyReads: 'x' | 'other';
  readonly maskType: DataType;
  /** What the mask is cast to before it gets its axes; undefined: it is not. */
  readonly maskCast: DataType | undefined;
  /** Whether heads are split by a constant shape, or by one whose entries only the run tells. */
  readonly splitBy: 'constant' | 'computed';
  /** Called with inner values by name. */
  readonly readInner: (graph: Graph, values: Readonly<Record<string, string>>) => void;
}

const PARTS: AttentionParts = {
  scaling: 'divided',
  divisor: Math.sqrt(3),
  mask: 'arithmetic',
  filter: -10000,
  queryOrder: [0, 2, 1, 3],
  keyOrder: [0, 2, 3, 1],
  valueOrder: [0, 2, 1, 3],
  contextOrder: [0, 2, 1, 3],
  softmaxAxis: -1,
  maskAxes: [1, 2],
  valueWidth: 6,
  keyReads: 'x',
  maskType: DataType.INT64,
  maskCast: undefined,
  splitBy: 'constant',
  readInner: () => {},
};

/** Feeds of two rows of five, the second padded at its end. */
export const ATTENTION_FEEDS: NamedTensors = {
  x: floatFeed(2, 5, 6),
  mask: { dtype: 'int64', dims: [2, 5], data: BigInt64Array.of(1n, 1n, 1n, 1n, 1n, 1n, 1n, 1n, 0n, 0n) },
};

/** A model with one such block. */
export function attentionModel(changed: Partial<AttentionParts> = {}): Model {
  const parts = { ...PARTS, ...changed };
  const dims = parts.splitBy === 'constant' ? ['batch', 'length', 6] : [null, null, 6];
  const graph = graphWith({ x: dims });
  if (parts.mask !== 'none') graph.addInput('mask', tensorType(parts.maskType, ['batch', 'length']));
  const other = parts.keyReads === 'x' ? 'x' : add(graph, 'Relu', ['x']);
  const query = transposed(graph, split(graph, { ...parts, input: 'x', width: 6 }), parts.queryOrder);
  const key = transposed(graph, split(graph, { ...parts, input: other, width: 6 }), parts.keyOrder);
  const value = transposed(graph, split(graph, { ...parts, input: 'x', width: parts.valueWidth }), parts.valueOrder);
  const scaled = scores(graph, parts, { query, key });
  const masked = parts.mask === 'none' ? scaled : add(graph, 'Add', [scaled, maskOf(graph, parts)]);
  const weights = add(graph, 'Softmax', [masked], parts.softmaxAxis === null ? {} : { axis: intAttribute(parts.softmaxAxis) });
  const context = transposed(graph, add(graph, 'MatMul', [weights, value]), parts.contextOrder);
  parts.readInner(graph, { query, key, value, masked, weights, context });
  const output = add(graph, 'Reshape', [context, hold(graph, int64Tensor([3], [0, 0, parts.valueWidth]))]);
  graph.addOutput(output, tensorType(DataType.FLOAT, undefined));
  return modelOf(graph);
}

interface Split extends AttentionParts {
  readonly input: string;
  readonly width: number;
}

function split(graph: Graph, { input, width, splitBy }: Split): string {
  const dense = add(graph, 'Add', [weight(graph, width), add(graph, 'MatMul', [input, weight(graph, 6, width)])]);
  const list = (...values: readonly number[]): string => hold(graph, int64Tensor([values.length], values));
  if (splitBy === 'constant') return add(graph, 'Reshape', [dense, list(0, 0, 2, width / 2)]);
  const rows = add(graph, 'Slice', [add(graph, 'Shape', [dense]), list(0), list(2)]);
  return add(graph, 'Reshape', [dense, add(graph, 'Concat', [rows, list(2, width / 2)], { axis: intAttribute(0) })]);
}

function transposed(graph: Graph, value: string, order: readonly number[]): string {
  return add(graph, 'Transpose', [value], { perm: intsAttribute(order) });
}

function scores(
  graph: Graph,
  { scaling, divisor }: AttentionParts,
  { query, key }: { readonly query: string; readonly key: string },
): string {
  if (scaling === 'divided') return add(graph, 'Div', [add(graph, 'MatMul', [query, key]), number(graph, divisor)]);
  if (scaling === 'multiplied') return add(graph, 'Mul', [number(graph, 1 / divisor), add(graph, 'MatMul', [query, key])]);
  const size = add(graph, 'Slice', [add(graph, 'Shape', [query]), ...[-1, 4].map((end) => hold(graph, int64Tensor([1], [end])))]);
  const length = add(graph, 'Cast', [size], { to: intAttribute(DataType.FLOAT) });
  const factor = add(graph, 'Div', [number(graph, Math.sqrt(3) / divisor, [1]), add(graph, 'Sqrt', [length])]);
  const both = [query, key].map((value) => add(graph, 'Mul', [value, add(graph, 'Sqrt', [factor])]));
  return add(graph, 'MatMul', both);
}

function maskOf(graph: Graph, { mask, filter, maskAxes, maskCast }: AttentionParts): string {
  const axes = maskAxes.map((axis) => hold(graph, int64Tensor([1], [axis])));
  const narrow = maskCast === undefined ? 'mask' : add(graph, 'Cast', ['mask'], { to: intAttribute(maskCast) });
  const wide = axes.reduce((value, axis) => add(graph, 'Unsqueeze', [value, axis]), narrow);
  if (mask === 'arithmetic') {
    const float = add(graph, 'Cast', [wide], { to: intAttribute(DataType.FLOAT) });
    return add(graph, 'Mul', [add(graph, 'Sub', [number(graph, 1), float]), number(graph, filter)]);
  }
  const expanded = add(graph, 'Expand', [wide, hold(graph, int64Tensor([4], [1, 1, 1, 1]))]);
  const float = add(graph, 'Cast', [expanded], { to: intAttribute(DataType.FLOAT) });
  const inverted = add(graph, 'Sub', [number(graph, 1), float]);
  const isPadding = add(graph, 'Cast', [inverted], { to: intAttribute(DataType.BOOL) });
  return add(graph, 'Where', [isPadding, number(graph, filter), inverted]);
}
