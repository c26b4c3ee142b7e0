import { describe, expect, it } from 'vitest';
import { floatAttribute, intAttribute, intsAttribute } from '../../graph/attribute.ts';
import { DataType } from '../../graph/data-type.ts';
import type { Model } from '../../graph/model.ts';
import { float32Values } from '../../graph/tensor.ts';
import { tensorType } from '../../graph/value.ts';
import type { Tensor } from '../../runtime/tensor.ts';
import { histogram } from '../passes.cases.ts';
import { ATTENTION_FEEDS, type AttentionParts, attentionModel } from './attention.cases.ts';
import { add, fusedOperators, optimize } from './fusions.cases.ts';

const SEPARATE = { use_multi_head_attention: true };

function feedsOf({ mask }: Partial<AttentionParts>): typeof ATTENTION_FEEDS {
  return mask === 'none' ? { x: ATTENTION_FEEDS['x'] ?? never() } : ATTENTION_FEEDS;
}

function never(): never {
  throw new RangeError('no such feed');
}

async function attentionNode(model: Model, options: object = {}) {
  const { model: fused } = await optimize(model, { optimization_options: options });
  const node = [...fused.graph.nodes].find(({ opType }) => opType === 'Attention' || opType === 'MultiHeadAttention');
  if (node === undefined) throw new RangeError('attention was not fused');
  return { node, graph: fused.graph };
}

/** The block twice, the second over Relu(x), with the same constants. */
function twoAlikeBlocks(): Model {
  const model = attentionModel({ mask: 'none' });
  const { graph } = model;
  const nodes = [...graph.nodes];
  const computed = new Set(nodes.flatMap(({ outputs }) => outputs));
  const other = add(graph, 'Relu', ['x']);
  const renamed = (value: string): string => (computed.has(value) ? `other_${value}` : value);
  for (const { opType, inputs, outputs, attributes } of nodes) {
    const read = inputs.map((value) => (value === 'x' ? other : renamed(value)));
    graph.addNode({ opType, inputs: read, outputs: outputs.map(renamed), attributes: new Map(attributes) });
  }
  graph.addOutput(renamed(graph.outputs[0]?.name ?? ''), tensorType(DataType.FLOAT, undefined));
  return model;
}

describe('self-attention', () => {
  const forms: readonly Partial<AttentionParts>[] = [
    { scaling: 'divided' },
    { scaling: 'multiplied' },
    { scaling: 'before' },
    { scaling: 'before', mask: 'selected', filter: -3.4028234663852886e38 },
    { scaling: 'multiplied', mask: 'selected', filter: -100 },
    { scaling: 'divided', mask: 'none' },
  ];

  it.each(forms)('becomes one operator: %j', async (parts) => {
    const check = { feeds: feedsOf(parts) };
    const masked = parts.mask === 'none' ? {} : { Cast: 1, ReduceSum: 1 };
    expect(await fusedOperators(() => attentionModel(parts), check)).toEqual({ Attention: 1, ...masked });
    const separate = await fusedOperators(() => attentionModel(parts), { ...check, options: SEPARATE });
    expect(separate).toEqual({ MatMul: 3, MultiHeadAttention: 1, ...masked });
  });

  it('has its weights packed column by column and its biases one behind the other', async () => {
    const model = attentionModel();
    const { node, graph } = await attentionNode(model);
    const weights = graph.initializers.get(node.inputs[1] ?? '');
    const biases = graph.initializers.get(node.inputs[2] ?? '');
    expect([weights?.dims, biases?.dims]).toEqual([[6, 18], [18]]);
    // Every weight of the model is the same wave.
    const [first] = [...attentionModel().graph.initializers.values()].filter(({ dims }) => String(dims) === '6,6');
    const row = first === undefined ? [] : [...float32Values(first).subarray(0, 6)];
    expect(weights && [...float32Values(weights).subarray(0, 18)]).toEqual([...row, ...row, ...row]);
  });

  it('has a width of its own for values', async () => {
    const { node } = await attentionNode(attentionModel({ valueWidth: 8 }));
    expect(node.attributes.get('qkv_hidden_sizes')).toEqual(intsAttribute([6, 6, 8]));
    expect(await fusedOperators(() => attentionModel({ valueWidth: 8 }), { feeds: ATTENTION_FEEDS })).toMatchObject({ Attention: 1 });
  });

  it('names the mask value unless it is the usual one', async () => {
    expect((await attentionNode(attentionModel())).node.attributes).toEqual(new Map([['num_heads', intAttribute(2)]]));
    const { node } = await attentionNode(attentionModel({ filter: -100 }));
    expect(node.attributes.get('mask_filter_value')).toEqual(floatAttribute(-100));
  });

  it('takes the mask as lengths, as it is, or not at all', async () => {
    const operators = (format: number) =>
      fusedOperators(() => attentionModel(), {
        feeds: ATTENTION_FEEDS,
        options: { attention_mask_format: format },
        tolerance: format === 3 ? 10 : 1e-5,
      });
    expect(await operators(0)).toEqual({ Attention: 1, Cast: 1, ReduceSum: 1 });
    expect(await operators(2)).toEqual({ Attention: 1, Cast: 1 });
    const { model, report } = await optimize(attentionModel(), { optimization_options: { attention_mask_format: 3 } });
    expect([...model.graph.nodes].map(({ opType }) => opType)).toEqual(['Attention']);
    expect(model.graph.inputs.map(({ name }) => name)).toEqual(['x']);
    expect(report.findings.map(({ rule }) => rule)).toEqual(['mask-dropped']);
  });

  it.each([
    ['lengths', 0],
    ['it is', 2],
  ])('takes a mask that was made BOOL as %s', async (_, format) => {
    const mask: Tensor = { dtype: 'int64', dims: [2, 5], data: BigInt64Array.of(1n, 3n, -1n, 256n, 2n, 7n, 1n, 1n, 0n, 0n) };
    const operators = await fusedOperators(() => attentionModel({ maskCast: DataType.BOOL }), {
      feeds: { ...ATTENTION_FEEDS, mask },
      options: { attention_mask_format: format },
    });
    expect(operators).toMatchObject({ Attention: 1, Cast: 2 });
  });

  it('takes a mask as it was before a Cast that loses nothing', async () => {
    const operators = await fusedOperators(() => attentionModel({ maskCast: DataType.FLOAT }), { feeds: ATTENTION_FEEDS });
    expect(operators).toEqual({ Attention: 1, Cast: 1, ReduceSum: 1 });
  });

  it('packs weights that several blocks share once', async () => {
    const { graph: fused } = (await optimize(twoAlikeBlocks())).model;
    const attentions = [...fused.nodes].filter(({ opType }) => opType === 'Attention');
    expect(attentions).toHaveLength(2);
    expect(new Set(attentions.map(({ inputs }) => inputs[1])).size).toBe(1);
  });

  it('says that it counts tokens', async () => {
    const { report } = await optimize(attentionModel());
    expect(report.findings.map(({ rule }) => rule)).toEqual(['mask-by-length']);
  });

  it('takes the number of heads from the recipe or the config where the graph does not tell', async () => {
    const make = (): Model => attentionModel({ splitBy: 'computed' });
    const operators = async (params: object, modelAttributes = {}): Promise<Record<string, number>> =>
      histogram((await optimize(make(), params, { modelAttributes })).model);
    expect(await operators({})).toMatchObject({ Softmax: 1 });
    expect(await operators({ num_heads: 2, hidden_size: 6 })).toMatchObject({ Attention: 1 });
    expect(await operators({}, { n_heads: 2, dim: 6 })).toMatchObject({ Attention: 1 });
    expect(await operators({ num_heads: 3, hidden_size: 6 })).toMatchObject({ Softmax: 1 });
  });

  it('reads a mask that is int32 already', async () => {
    const model = attentionModel();
    const mask = model.graph.inputs[1];
    if (mask !== undefined) mask.type = tensorType(DataType.INT32, ['batch', 'length']);
    const { node, graph } = await attentionNode(model, { attention_mask_format: 2 });
    expect(node.inputs[3]).toBe('mask');
    expect(graph.nodes.size).toBe(1);
  });

  it.each<[string, Partial<AttentionParts>]>([
    ['another scaling', { divisor: 2 }],
    ['another scaling before the product', { scaling: 'before', divisor: 2 }],
    ['scores multiplied and no mask', { scaling: 'multiplied', mask: 'none' }],
    ['a positive mask value', { filter: 5 }],
    [
      'heads that are not split',
      { queryOrder: [0, 1, 2, 3], keyOrder: [0, 1, 3, 2], valueOrder: [0, 1, 2, 3], contextOrder: [0, 1, 2, 3], mask: 'none' },
    ],
    ['a key of another value', { keyReads: 'other' }],
    ['a softmax over another axis', { softmaxAxis: 2 }],
    ['a mask over rows instead of columns', { maskAxes: [1, 3] }],
    ['scores as an output', { readInner: (graph, { masked = '' }) => graph.addOutput(masked, undefined) }],
    ['weights read by another node', { readInner: (graph, { weights = '' }) => graph.addOutput(add(graph, 'Neg', [weights]), undefined) }],
    ['a query whose sizes are read', { readInner: (graph, { query = '' }) => graph.addOutput(add(graph, 'Shape', [query]), undefined) }],
  ])('is left alone with %s', async (_, parts) => {
    expect(await fusedOperators(() => attentionModel(parts), { feeds: feedsOf(parts) })).toMatchObject({ Softmax: 1 });
  });

  it('is left alone with a mask of floats, which might weigh tokens', async () => {
    const mask: Tensor = { dtype: 'float32', dims: [2, 5], data: Float32Array.of(1, 1, 1, 1, 1, 1, 1, 0.5, 0, 0) };
    const make = (): Model => attentionModel({ maskType: DataType.FLOAT });
    expect(await fusedOperators(make, { feeds: { ...ATTENTION_FEEDS, mask } })).toMatchObject({ Softmax: 1 });
  });

  it('knows over which axis a softmax goes when it is not told', async () => {
    expect(await fusedOperators(() => attentionModel({ softmaxAxis: null }), { feeds: ATTENTION_FEEDS })).toMatchObject({ Attention: 1 });
    const old = attentionModel({ softmaxAxis: null, mask: 'none' });
    old.opsetImports.set('', 12);
    expect(histogram((await optimize(old)).model)).toMatchObject({ Softmax: 1 });
  });

  it('is left alone without a bias, and when switched off', async () => {
    const model = (): Model => {
      const bare = attentionModel();
      const sum = [...bare.graph.nodes].find(({ opType }) => opType === 'Add');
      if (sum !== undefined) bare.graph.bypass(sum, sum.inputs[1] ?? '');
      return bare;
    };
    expect(await fusedOperators(model, { feeds: ATTENTION_FEEDS })).toMatchObject({ Softmax: 1 });
    expect(await fusedOperators(() => attentionModel(), { feeds: ATTENTION_FEEDS, options: { enable_attention: false } })).toMatchObject({
      Softmax: 1,
    });
  });

  it('tells how many stayed, and that the option matched nothing', async () => {
    const { report } = await optimize(attentionModel({ divisor: 2 }), { optimization_options: { enable_attention: true } });
    expect(report.left).toEqual([{ what: 'Softmax', count: 1, why: expect.stringContaining('not an attention block') }]);
    expect(report.findings).toEqual([
      {
        rule: 'fusion-matches-nothing',
        message: expect.stringContaining('1 Softmax'),
        param: 'optimization_options',
        member: '.enable_attention',
      },
    ]);
  });
});
