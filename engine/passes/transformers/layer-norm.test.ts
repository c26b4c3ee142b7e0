import { describe, expect, it } from 'vitest';
import { floatAttribute, intAttribute, intsAttribute } from '../../graph/attribute.ts';
import { DataType } from '../../graph/data-type.ts';
import type { Graph } from '../../graph/graph.ts';
import type { Model } from '../../graph/model.ts';
import { float32Tensor } from '../../graph/tensor.ts';
import { type Dim, tensorType } from '../../graph/value.ts';
import { graphWith, modelOf } from '../passes.cases.ts';
import { add, floatFeed, fusedOperators, hold, number, optimize, wave, weight } from './fusions.cases.ts';

const FEEDS = { x: floatFeed(2, 3, 4) };

function modelWith(build: (graph: Graph) => string, dims: readonly Dim[] = ['batch', 'length', 4]): () => Model {
  return () => {
    const graph = graphWith({ x: dims });
    graph.addOutput(build(graph), tensorType(DataType.FLOAT, undefined));
    return modelOf(graph);
  };
}

/** What a written out normalisation is made of; each member may be replaced. */
interface Parts {
  readonly axis: number;
  readonly keepDims: number;
  readonly power: number;
  readonly epsilon: number;
  readonly gammaDims: readonly number[];
  /** Subtracts the mean twice, as old PyTorch exports do. */
  readonly twice: boolean;
  readonly readInner: (graph: Graph, inner: string) => void;
}

const PARTS: Parts = { axis: -1, keepDims: 1, power: 2, epsilon: 1e-5, gammaDims: [4], twice: false, readInner: () => {} };

const mean = (graph: Graph, value: string, { axis, keepDims }: Parts): string =>
  add(graph, 'ReduceMean', [value], { axes: intsAttribute([axis]), keepdims: intAttribute(keepDims) });

function normalization(graph: Graph, changed: Partial<Parts> = {}): string {
  const parts = { ...PARTS, ...changed };
  const average = mean(graph, 'x', parts);
  const centred = add(graph, 'Sub', ['x', average]);
  const again = parts.twice ? add(graph, 'Sub', ['x', average]) : centred;
  const variance = mean(graph, add(graph, 'Pow', [again, number(graph, parts.power)]), parts);
  const deviation = add(graph, 'Sqrt', [add(graph, 'Add', [variance, number(graph, parts.epsilon)])]);
  const divided = add(graph, 'Div', [centred, deviation]);
  parts.readInner(graph, divided);
  const scaled = add(graph, 'Mul', [divided, weight(graph, ...parts.gammaDims)]);
  return add(graph, 'Add', [scaled, weight(graph, ...parts.gammaDims)]);
}

describe('a normalisation written out', () => {
  it.each<[string, Partial<Parts>]>([
    ['as it usually is', {}],
    ['over the last axis by its number', { axis: 2 }],
    ['with the mean subtracted twice', { twice: true }],
  ])('becomes one operator %s', async (_, parts) => {
    expect(
      await fusedOperators(
        modelWith((graph) => normalization(graph, parts)),
        { feeds: FEEDS },
      ),
    ).toEqual({ LayerNormalization: 1 });
  });

  it('takes over epsilon, scale and shift', async () => {
    const { model, report } = await optimize(modelWith((graph) => normalization(graph, { epsilon: 1e-6 }))());
    const [node] = model.graph.nodes;
    expect(node?.attributes).toEqual(new Map([['epsilon', floatAttribute(1e-6)]]));
    expect(node?.inputs.slice(1).map((name) => model.graph.initializers.get(name)?.dims)).toEqual([[4], [4]]);
    expect(report.counts).toEqual({ LayerNormalization: 1 });
  });

  it.each<[string, Partial<Parts>]>([
    ['another axis', { axis: 1, gammaDims: [1] }],
    ['another power', { power: 4 }],
    ['an epsilon that is more than a guard', { epsilon: 0.1 }],
    ['a scale of one element', { gammaDims: [1] }],
    ['a scale of more axes', { gammaDims: [3, 4] }],
    ['an inner value read by another node', { readInner: (graph, inner) => graph.addOutput(add(graph, 'Relu', [inner]), undefined) }],
    ['an inner value as an output', { readInner: (graph, inner) => graph.addOutput(inner, undefined) }],
  ])('is left alone with %s', async (_, parts) => {
    const operators = await fusedOperators(
      modelWith((graph) => normalization(graph, parts)),
      { feeds: FEEDS },
    );
    expect(operators['LayerNormalization']).toBeUndefined();
  });

  it('becomes one operator as TensorFlow writes it', async () => {
    const model = modelWith((graph) => {
      const average = mean(graph, 'x', PARTS);
      const centred = add(graph, 'Sub', ['x', average]);
      const variance = mean(graph, add(graph, 'Mul', [centred, centred]), PARTS);
      const inverse = add(graph, 'Reciprocal', [add(graph, 'Sqrt', [add(graph, 'Add', [variance, number(graph, 1e-6)])])]);
      const scale = add(graph, 'Mul', [inverse, weight(graph, 4)]);
      const shift = add(graph, 'Sub', [weight(graph, 4), add(graph, 'Mul', [average, scale])]);
      return add(graph, 'Add', [add(graph, 'Mul', ['x', scale]), shift]);
    });
    expect(await fusedOperators(model, { feeds: FEEDS })).toEqual({ LayerNormalization: 1 });
  });

  it('is left alone when switched off', async () => {
    const options = { enable_layer_norm: false };
    expect(
      await fusedOperators(
        modelWith((graph) => normalization(graph)),
        { feeds: FEEDS, options },
      ),
    ).toMatchObject({ ReduceMean: 2 });
  });
});

describe('a normalisation without mean', () => {
  const rms = (form: 'Div' | 'Reciprocal' | 'quotient', parts: Partial<Parts> = {}) =>
    modelWith((graph) => {
      const square = form === 'Div' ? add(graph, 'Mul', ['x', 'x']) : add(graph, 'Pow', ['x', number(graph, 2)]);
      const root = add(graph, 'Sqrt', [add(graph, 'Add', [mean(graph, square, { ...PARTS, ...parts }), number(graph, 1e-6)])]);
      if (form === 'Div') return add(graph, 'Mul', [weight(graph, 4), add(graph, 'Div', ['x', root])]);
      const inverse = form === 'Reciprocal' ? add(graph, 'Reciprocal', [root]) : add(graph, 'Div', [number(graph, 1), root]);
      return add(graph, 'Mul', [add(graph, 'Mul', ['x', inverse]), weight(graph, 4)]);
    });

  it.each(['Div', 'Reciprocal', 'quotient'] as const)('becomes one operator with %s', async (form) => {
    expect(await fusedOperators(rms(form), { feeds: FEEDS })).toEqual({ SimplifiedLayerNormalization: 1 });
  });

  it('is left alone over another axis', async () => {
    expect(await fusedOperators(rms('Div', { axis: 1 }), { feeds: FEEDS })).toMatchObject({ ReduceMean: 1 });
  });
});

/** A LayerNormalization of the sum of two values. */
function skip(graph: Graph, operands: readonly string[]): { readonly sum: string; readonly norm: string } {
  const sum = add(graph, 'Add', operands);
  const attributes = { epsilon: floatAttribute(1e-6) };
  return { sum, norm: add(graph, 'LayerNormalization', [sum, weight(graph, 4), weight(graph, 4)], attributes) };
}

describe('an addition before a normalisation', () => {
  it('moves into it', async () => {
    const model = modelWith((graph) => skip(graph, ['x', add(graph, 'Relu', ['x'])]).norm);
    expect(await fusedOperators(model, { feeds: FEEDS })).toEqual({ Relu: 1, SkipLayerNormalization: 1 });
    const { model: fused } = await optimize(model());
    const node = [...fused.graph.nodes].at(-1);
    expect([node?.inputs.length, node?.outputs.length, node?.attributes.get('epsilon')]).toEqual([4, 1, floatAttribute(1e-6)]);
  });

  it.each(['a node', 'an output'])('leaves its sum to %s that reads it', async (reader) => {
    const model = modelWith((graph) => {
      const { sum, norm } = skip(graph, ['x', add(graph, 'Relu', ['x'])]);
      graph.addOutput(reader === 'a node' ? add(graph, 'Neg', [sum]) : sum, undefined);
      return norm;
    });
    expect(await fusedOperators(model, { feeds: FEEDS })).toMatchObject({ SkipLayerNormalization: 1 });
    expect(
      [...(await optimize(model())).model.graph.nodes].find(({ opType }) => opType === 'SkipLayerNormalization')?.outputs,
    ).toHaveLength(4);
  });

  it('takes a part that repeats over the batch as its second operand', async () => {
    const model = modelWith((graph) => {
      const part = add(graph, 'Slice', [
        'x',
        ...[0, 1, 0].map((value) => hold(graph, { dataType: 7, dims: [1], bytes: new Uint8Array(BigInt64Array.of(BigInt(value)).buffer) })),
      ]);
      return skip(graph, [add(graph, 'Relu', [part]), 'x']).norm;
    });
    expect(await fusedOperators(model, { feeds: FEEDS })).toMatchObject({ SkipLayerNormalization: 1 });
    const node = [...(await optimize(model())).model.graph.nodes].at(-1);
    expect(node?.inputs[0]).toBe('x');
  });

  it.each<[string, (graph: Graph) => string, readonly Dim[]]>([
    ['a constant is added', (graph) => skip(graph, ['x', weight(graph, 2, 3, 4)]).norm, [2, 3, 4]],
    ['the operands have two axes', (graph) => skip(graph, ['x', add(graph, 'Relu', ['x'])]).norm, ['rows', 4]],
    [
      'one operand is a row',
      (graph) => skip(graph, ['x', add(graph, 'ReduceMax', ['x'], { axes: intsAttribute([1]), keepdims: intAttribute(1) })]).norm,
      [2, 3, 4],
    ],
    ...[
      [1, 4],
      [4, 1],
    ].map(([gamma = 0, beta = 0]): [string, (graph: Graph) => string, readonly Dim[]] => [
      `scale and shift have ${gamma} and ${beta} elements`,
      (graph) => {
        const sum = add(graph, 'Add', ['x', add(graph, 'Relu', ['x'])]);
        return add(graph, 'LayerNormalization', [sum, weight(graph, gamma), weight(graph, beta)]);
      },
      [2, 3, 4],
    ]),
    [
      'the normalisation is over more axes',
      (graph) => {
        const sum = add(graph, 'Add', ['x', add(graph, 'Relu', ['x'])]);
        return add(graph, 'LayerNormalization', [sum, weight(graph, 3, 4), weight(graph, 3, 4)], { axis: intAttribute(1) });
      },
      [2, 3, 4],
    ],
  ])('stays when %s', async (_, build, dims) => {
    const sizes = dims.map((dim) => (typeof dim === 'number' ? dim : 3));
    expect(await fusedOperators(modelWith(build, dims), { feeds: { x: floatFeed(...sizes) } })).toMatchObject({ LayerNormalization: 1 });
  });

  it('stays when switched off', async () => {
    const model = modelWith((graph) => skip(graph, ['x', add(graph, 'Relu', ['x'])]).norm);
    expect(await fusedOperators(model, { feeds: FEEDS, options: { enable_skip_layer_norm: false } })).toMatchObject({ Add: 1 });
  });

  it('moves into a normalisation without mean too', async () => {
    const model = modelWith((graph) => {
      const sum = add(graph, 'Add', ['x', add(graph, 'Relu', ['x'])]);
      return add(graph, 'SimplifiedLayerNormalization', [sum, weight(graph, 4)], { epsilon: floatAttribute(1e-6) });
    });
    expect(await fusedOperators(model, { feeds: FEEDS })).toEqual({ Relu: 1, SkipSimplifiedLayerNormalization: 1 });
  });
});

describe('a bias before such an addition', () => {
  /** norm(bias + x · w, x), the operands in either order. */
  const biased = (turned: boolean, bias: (graph: Graph) => string = (graph) => weight(graph, 4)) =>
    modelWith(
      (graph) => {
        const dense = add(graph, 'Add', [bias(graph), add(graph, 'MatMul', ['x', weight(graph, 4, 4)])]);
        return skip(graph, turned ? ['x', dense] : [dense, 'x']).norm;
      },
      [2, 3, 4],
    );

  it.each([false, true])('becomes its fifth input, operands turned: %s', async (turned) => {
    expect(await fusedOperators(biased(turned), { feeds: FEEDS })).toEqual({ MatMul: 1, SkipLayerNormalization: 1 });
    expect([...(await optimize(biased(turned)())).model.graph.nodes].at(-1)?.inputs).toHaveLength(5);
  });

  it('stays when one element is added to all columns', async () => {
    const single = biased(false, (graph) => weight(graph, 1));
    expect(await fusedOperators(single, { feeds: FEEDS })).toMatchObject({ Add: 1, SkipLayerNormalization: 1 });
  });

  it('stays when it is no vector, when its sum is read, and when switched off', async () => {
    const matrix = biased(false, (graph) => hold(graph, float32Tensor([3, 4], wave(12))));
    expect(await fusedOperators(matrix, { feeds: FEEDS })).toMatchObject({ Add: 1, SkipLayerNormalization: 1 });
    const options = { enable_bias_skip_layer_norm: false };
    expect(await fusedOperators(biased(false), { feeds: FEEDS, options })).toMatchObject({ Add: 1, SkipLayerNormalization: 1 });
    const read = modelWith((graph) => {
      const dense = add(graph, 'Add', [weight(graph, 4), add(graph, 'MatMul', ['x', weight(graph, 4, 4)])]);
      graph.addOutput(dense, undefined);
      return skip(graph, [dense, 'x']).norm;
    });
    expect(await fusedOperators(read, { feeds: FEEDS })).toMatchObject({ Add: 1, SkipLayerNormalization: 1 });
  });
});
