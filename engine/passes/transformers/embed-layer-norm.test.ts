import { describe, expect, it } from 'vitest';
import { floatAttribute, intAttribute } from '../../graph/attribute.ts';
import { DataType } from '../../graph/data-type.ts';
import type { Graph, Node } from '../../graph/graph.ts';
import type { Model } from '../../graph/model.ts';
import { int64Tensor } from '../../graph/tensor.ts';
import { type Dim, tensorType } from '../../graph/value.ts';
import type { NamedTensors, Tensor } from '../../runtime/tensor.ts';
import { graphWith, modelOf } from '../passes.cases.ts';
import { add, fusedOperators, hold, optimize, weight } from './fusions.cases.ts';

/** Embeddings of width 4 in front of what looks like attention; each part may be replaced. */
interface Parts {
  readonly positions: 'cut' | 'range' | 'given';
  readonly row: readonly number[];
  readonly segments: boolean;
  /** Whether positions are added before segments. */
  readonly positionsFirst: boolean;
  readonly axis: number;
  readonly segmentDims: readonly Dim[];
  readonly width: number;
  readonly readSum: boolean;
  /** Further readers of the result. */
  readonly readers: number;
}

const PARTS: Parts = {
  positions: 'cut',
  row: [0, 1, 2, 3, 4, 5, 6, 7],
  segments: true,
  positionsFirst: false,
  axis: -1,
  segmentDims: ['batch', 'length'],
  width: 4,
  readSum: false,
  readers: 0,
};

const tokens = (...values: readonly number[]): Tensor => ({ dtype: 'int64', dims: [2, 3], data: BigInt64Array.from(values, BigInt) });
const IDS = { ids: tokens(3, 1, 4, 1, 5, 9) };
const SEGMENTS = { segments: tokens(0, 0, 1, 0, 1, 1) };
const FEEDS: NamedTensors = { ...IDS, ...SEGMENTS };

function modelWith(changed: Partial<Parts> = {}): Model {
  const parts = { ...PARTS, ...changed };
  const graph = graphWith({});
  graph.addInput('ids', tensorType(DataType.INT64, ['batch', 'length']));
  if (parts.segments) graph.addInput('segments', tensorType(DataType.INT64, parts.segmentDims));
  if (parts.positions === 'given') graph.addInput('positions', tensorType(DataType.INT64, ['batch', 'length']));
  const rowsOf = (count: number, width: number, rows: string): string => add(graph, 'Gather', [weight(graph, count, width), rows]);
  const words = rowsOf(10, 4, 'ids');
  const places = rowsOf(8, parts.width, positionsOf(graph, parts));
  const kinds = parts.segments ? [rowsOf(2, 4, 'segments')] : [];
  const [second = '', ...rest] = parts.positionsFirst ? [places, ...kinds] : [...kinds, places];
  const sum = rest.reduce((value, other) => add(graph, 'Add', [value, other]), add(graph, 'Add', [words, second]));
  if (parts.readSum) graph.addOutput(add(graph, 'Neg', [sum]), undefined);
  const attributes = { epsilon: floatAttribute(1e-6), axis: intAttribute(parts.axis) };
  const norm = add(graph, 'LayerNormalization', [sum, weight(graph, 4), weight(graph, 4)], attributes);
  const products = Array.from({ length: 3 + parts.readers }, () => add(graph, 'MatMul', [norm, weight(graph, 4, 4)]));
  for (const product of products) graph.addOutput(product, undefined);
  graph.addOutput(add(graph, 'Add', [norm, products[0] ?? '']), undefined);
  return modelOf(graph);
}

function positionsOf(graph: Graph, { positions, row }: Parts): string {
  const list = (...values: readonly number[]): string => hold(graph, int64Tensor([values.length], values));
  if (positions === 'given') return 'positions';
  const shape = add(graph, 'Shape', ['ids']);
  const length = add(graph, 'Gather', [shape, hold(graph, int64Tensor([], [1]))]);
  if (positions === 'cut') {
    const constant = hold(graph, int64Tensor([1, row.length], row));
    return add(graph, 'Slice', [constant, list(0), add(graph, 'Unsqueeze', [length, list(0)]), list(1), list(1)]);
  }
  const scalar = (value: number): string => hold(graph, int64Tensor([], [value]));
  const range = add(graph, 'Range', [scalar(0), length, scalar(1)]);
  return add(graph, 'Expand', [add(graph, 'Unsqueeze', [range, list(0)]), shape]);
}

async function embedding(model: Model, options: object = {}): Promise<Node> {
  const { model: fused } = await optimize(model, { optimization_options: options });
  const node = [...fused.graph.nodes].find(({ opType }) => opType === 'EmbedLayerNormalization');
  if (node === undefined) throw new RangeError('embeddings were not fused');
  return node;
}

describe('embeddings', () => {
  it.each<[string, Partial<Parts>]>([
    ['with positions cut from a constant row', {}],
    ['with positions counted by a Range', { positions: 'range' }],
    ['with positions before segments', { positionsFirst: true }],
  ])('of three tables become one operator %s', async (_, parts) => {
    const options = { enable_skip_layer_norm: false };
    const operators = await fusedOperators(() => modelWith(parts), { feeds: FEEDS, options });
    expect(operators).toEqual({ Add: 1, Cast: 2, EmbedLayerNormalization: 1, MatMul: 3 });
    const node = await embedding(modelWith(parts), options);
    expect(node.inputs.map((value) => value !== '')).toEqual([true, true, true, true, true, true, true]);
    expect(node.attributes.get('epsilon')).toEqual(floatAttribute(1e-6));
  });

  it('of three tables become one operator also where a normalisation has taken the second addition', async () => {
    const parts = { positionsFirst: true };
    expect(await fusedOperators(() => modelWith(parts), { feeds: FEEDS })).toMatchObject({ EmbedLayerNormalization: 1 });
    expect((await embedding(modelWith(parts))).inputs).toHaveLength(9);
  });

  it.each<[string, Partial<Parts>, NamedTensors]>([
    ['cut from a constant row', { segments: false }, IDS],
    ['that are an input', { segments: false, positions: 'given' }, { ...IDS, positions: tokens(2, 1, 0, 5, 5, 5) }],
    ['that do not count from 0', { segments: false, row: [2, 3, 4, 5, 6, 7] }, IDS],
  ])('of two tables become one operator with positions %s', async (_, parts, feeds) => {
    expect(await fusedOperators(() => modelWith(parts), { feeds })).toMatchObject({ EmbedLayerNormalization: 1 });
    expect((await embedding(modelWith(parts))).inputs).toHaveLength(9);
  });

  it('of two tables keep a sum that others read', async () => {
    const parts = { segments: false, readSum: true };
    expect(await fusedOperators(() => modelWith(parts), { feeds: IDS })).toMatchObject({ EmbedLayerNormalization: 1, Neg: 1 });
    expect((await embedding(modelWith(parts))).outputs).toHaveLength(3);
  });

  it.each<[string, Partial<Parts>, NamedTensors]>([
    ['positions that do not count from 0', { row: [1, 2, 3, 4, 5, 6, 7, 0] }, FEEDS],
    ['a sum that others read', { readSum: true }, FEEDS],
    ['a normalisation over two axes', { axis: 1 }, FEEDS],
    [
      'segments of another shape',
      { segmentDims: [1, 'length'] },
      { ...IDS, segments: { dtype: 'int64', dims: [1, 3], data: BigInt64Array.of(0n, 1n, 1n) } },
    ],
    ['a table of one column', { width: 1 }, FEEDS],
    ['nothing like attention behind them', { readers: 1 }, FEEDS],
  ])('stay with %s', async (_, parts, feeds) => {
    const operators = await fusedOperators(() => modelWith(parts), { feeds });
    expect(operators['EmbedLayerNormalization']).toBeUndefined();
  });

  it('leave the mask of attention that the model had as it is', async () => {
    const model = (): Model => {
      const graph = graphWith({});
      for (const name of ['ids', 'segments']) graph.addInput(name, tensorType(DataType.INT64, ['batch', 'length']));
      graph.addInput('lengths', tensorType(DataType.INT32, ['batch']));
      const rowsOf = (count: number, rows: string): string => add(graph, 'Gather', [weight(graph, count, 4), rows]);
      const words = add(graph, 'Add', [rowsOf(10, 'ids'), rowsOf(2, 'segments')]);
      const sum = add(graph, 'Add', [words, rowsOf(8, positionsOf(graph, PARTS))]);
      const norm = add(graph, 'LayerNormalization', [sum, weight(graph, 4), weight(graph, 4)]);
      const inputs = [norm, weight(graph, 4, 12), weight(graph, 12), 'lengths'];
      graph.addNode({ opType: 'Attention', domain: 'com.microsoft', inputs, outputs: ['y'], attributes: { num_heads: intAttribute(2) } });
      graph.addOutput('y', undefined);
      const made = modelOf(graph);
      made.opsetImports.set('com.microsoft', 1);
      return made;
    };
    const feeds: NamedTensors = { ...FEEDS, lengths: { dtype: 'int32', dims: [2], data: Int32Array.of(2, 3) } };
    const options = { attention_mask_format: 0, enable_skip_layer_norm: false };
    expect(await fusedOperators(model, { feeds, options })).toMatchObject({ Attention: 1, EmbedLayerNormalization: 1 });
  });

  it('stay when switched off', async () => {
    const operators = await fusedOperators(() => modelWith(), { feeds: FEEDS, options: { enable_embed_layer_norm: false } });
    expect(operators).toMatchObject({ Gather: 4, LayerNormalization: 1 });
  });
});
