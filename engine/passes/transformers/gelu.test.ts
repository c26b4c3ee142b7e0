import { describe, expect, it } from 'vitest';
import { intAttribute, stringAttribute } from '../../graph/attribute.ts';
import { DataType } from '../../graph/data-type.ts';
import type { Graph } from '../../graph/graph.ts';
import { createModel, type Model } from '../../graph/model.ts';
import { makeTensor } from '../../graph/tensor.ts';
import { tensorType } from '../../graph/value.ts';
import { graphWith, modelOf } from '../passes.cases.ts';
import { add, floatFeed, fusedOperators, hold, number, optimize, weight } from './fusions.cases.ts';

const FEEDS = { x: floatFeed(2, 3, 4) };

/** A model over `x` [2, 3, 4] whose output is what `build` makes of it. */
function modelWith(build: (graph: Graph) => string): () => Model {
  return () => {
    const graph = graphWith({ x: [2, 3, 4] });
    graph.addOutput(build(graph), tensorType(DataType.FLOAT, undefined));
    return modelOf(graph);
  };
}

/** A product in either operand order. */
const times = (graph: Graph, a: string, b: string, turned: boolean): string => add(graph, 'Mul', turned ? [b, a] : [a, b]);

const erfPlusOne = (graph: Graph, turned: boolean, root = Math.SQRT2): string => {
  const scaled = turned ? times(graph, 'x', number(graph, 1 / root), true) : add(graph, 'Div', ['x', number(graph, root)]);
  const erf = add(graph, 'Erf', [scaled]);
  return add(graph, 'Add', turned ? [number(graph, 1, [1]), erf] : [erf, number(graph, 1)]);
};

/** The three orders of factors, each with its operands as they are and turned. */
const GELUS: readonly (readonly [string, (graph: Graph, turned: boolean) => string])[] = [
  ['(x · e) · ½', (graph, turned) => times(graph, times(graph, 'x', erfPlusOne(graph, turned), turned), number(graph, 0.5), turned)],
  ['(x · ½) · e', (graph, turned) => times(graph, times(graph, 'x', number(graph, 0.5), turned), erfPlusOne(graph, turned), turned)],
  ['x · (e · ½)', (graph, turned) => times(graph, 'x', times(graph, erfPlusOne(graph, turned), number(graph, 0.5), turned), turned)],
];

describe('Gelu by Erf', () => {
  const cases = GELUS.flatMap(([name, build]) => [false, true].map((turned) => [name, turned, build] as const));

  it.each(cases)('is fused as %s, operands turned: %s', async (_, turned, build) => {
    expect(
      await fusedOperators(
        modelWith((graph) => build(graph, turned)),
        { feeds: FEEDS },
      ),
    ).toEqual({ Gelu: 1 });
  });

  it.each<[string, (graph: Graph) => string]>([
    ['another root', (graph) => add(graph, 'Mul', [add(graph, 'Mul', ['x', number(graph, 0.5)]), erfPlusOne(graph, false, 1.5)])],
    ['another half', (graph) => add(graph, 'Mul', [add(graph, 'Mul', ['x', number(graph, 0.4)]), erfPlusOne(graph, false)])],
    [
      'a half of higher rank',
      (graph) => add(graph, 'Mul', [add(graph, 'Mul', ['x', number(graph, 0.5, [1, 1, 1, 1])]), erfPlusOne(graph, false)]),
    ],
    [
      'another value in the product',
      (graph) => add(graph, 'Mul', [add(graph, 'Mul', [add(graph, 'Relu', ['x']), number(graph, 0.5)]), erfPlusOne(graph, false)]),
    ],
  ])('is left alone with %s', async (_, build) => {
    expect(await fusedOperators(modelWith(build), { feeds: FEEDS })).toMatchObject({ Erf: 1 });
  });

  it.each<[string, (graph: Graph, inner: string) => void]>([
    ['another node', (graph, inner) => graph.addOutput(add(graph, 'Relu', [inner]), undefined)],
    ['the graph as an output', (graph, inner) => graph.addOutput(inner, undefined)],
  ])('is left alone when an inner value is read by %s', async (_, read) => {
    const model = modelWith((graph) => {
      const inner = erfPlusOne(graph, false);
      read(graph, inner);
      return add(graph, 'Mul', [add(graph, 'Mul', ['x', number(graph, 0.5)]), inner]);
    });
    expect(await fusedOperators(model, { feeds: FEEDS })).toMatchObject({ Erf: 1 });
  });

  it('is left alone when switched off', async () => {
    const model = modelWith((graph) => GELUS[0]?.[1](graph, false) ?? '');
    expect(await fusedOperators(model, { feeds: FEEDS, options: { enable_gelu: false } })).toMatchObject({ Erf: 1 });
  });
});

const K = Math.sqrt(2 / Math.PI);

/** `1 + tanh(√(2/π) (x + 0.044715 x³))`. */
function tanhPlusOne(graph: Graph, cube: string, factor = 0.044715): string {
  const inner = add(graph, 'Mul', [number(graph, K), add(graph, 'Add', ['x', add(graph, 'Mul', [cube, number(graph, factor)])])]);
  return add(graph, 'Add', [number(graph, 1), add(graph, 'Tanh', [inner])]);
}

const power = (graph: Graph): string => add(graph, 'Pow', ['x', number(graph, 3)]);
const products = (graph: Graph): string => add(graph, 'Mul', ['x', add(graph, 'Mul', ['x', 'x'])]);
const half = (graph: Graph, value: string): string => add(graph, 'Mul', [value, number(graph, 0.5)]);

/** `1 + tanh(√(2/π) x (1 + 0.044715 x²))`. */
function factored(graph: Graph): string {
  const bracket = add(graph, 'Add', [add(graph, 'Mul', ['x', add(graph, 'Mul', ['x', number(graph, 0.044715)])]), number(graph, 1)]);
  const inner = add(graph, 'Mul', [add(graph, 'Mul', ['x', number(graph, K)]), bracket]);
  return add(graph, 'Add', [add(graph, 'Tanh', [inner]), number(graph, 1)]);
}

describe('Gelu by tanh', () => {
  it.each<[string, (graph: Graph) => string]>([
    ['(½ x) · t with a power', (graph) => add(graph, 'Mul', [half(graph, 'x'), tanhPlusOne(graph, power(graph))])],
    ['x · (½ t) with products', (graph) => add(graph, 'Mul', ['x', half(graph, tanhPlusOne(graph, products(graph)))])],
    ['(x · t) · ½ with products', (graph) => half(graph, add(graph, 'Mul', ['x', tanhPlusOne(graph, products(graph))]))],
    ['(½ x) · t factored', (graph) => add(graph, 'Mul', [half(graph, 'x'), factored(graph)])],
  ])('is fused as %s', async (_, build) => {
    expect(await fusedOperators(modelWith(build), { feeds: FEEDS })).toEqual({ FastGelu: 1 });
  });

  it('is left alone with another factor or power', async () => {
    const other = modelWith((graph) => add(graph, 'Mul', [half(graph, 'x'), tanhPlusOne(graph, power(graph), 0.05)]));
    expect(await fusedOperators(other, { feeds: FEEDS })).toMatchObject({ Tanh: 1 });
    const square = modelWith((graph) => add(graph, 'Mul', [half(graph, 'x'), tanhPlusOne(graph, add(graph, 'Mul', ['x', 'x']))]));
    expect(await fusedOperators(square, { feeds: FEEDS })).toMatchObject({ Tanh: 1 });
  });
});

describe('Gelu by sigmoid', () => {
  const quick = (factor: number) =>
    modelWith((graph) => add(graph, 'Mul', ['x', add(graph, 'Sigmoid', [add(graph, 'Mul', ['x', number(graph, factor)])])]));

  it('is fused with its factor', async () => {
    const { model } = await optimize(quick(1.702)());
    const [node] = model.graph.nodes;
    expect([node?.opType, node?.domain, node?.attributes.get('alpha')]).toEqual([
      'QuickGelu',
      'com.microsoft',
      { kind: 'float', value: Math.fround(1.702) },
    ]);
    expect(await fusedOperators(quick(1.702), { feeds: FEEDS })).toEqual({ QuickGelu: 1 });
  });

  it('is left alone with another factor', async () => {
    expect(await fusedOperators(quick(1), { feeds: FEEDS })).toMatchObject({ Sigmoid: 1 });
  });

  it('is left alone in float64, which the fused operators do not know', async () => {
    const toDouble = { to: intAttribute(DataType.DOUBLE) };
    const double = modelWith((graph) => {
      const x = add(graph, 'Cast', ['x'], toDouble);
      const alpha = hold(graph, makeTensor(DataType.DOUBLE, [], Float64Array.of(1.702)));
      const product = add(graph, 'Mul', [x, add(graph, 'Sigmoid', [add(graph, 'Mul', [x, alpha])])]);
      return add(graph, 'Cast', [product], { to: intAttribute(DataType.FLOAT) });
    });
    expect(await fusedOperators(double, { feeds: FEEDS })).toMatchObject({ Sigmoid: 1 });
  });
});

/** Gelu (`com.microsoft`) of a biased matrix product. */
function biasedGelu(opType: string, bias: (graph: Graph) => string = (graph) => weight(graph, 5)): () => Model {
  const make = modelWith((graph) => {
    const sum = add(graph, 'Add', [bias(graph), add(graph, 'MatMul', ['x', weight(graph, 4, 5)])]);
    graph.addNode({ opType, domain: 'com.microsoft', inputs: [sum], outputs: ['gelu'] });
    return 'gelu';
  });
  return () => {
    const model = make();
    model.opsetImports.set('com.microsoft', 1);
    return model;
  };
}

describe('a bias before a Gelu', () => {
  it('moves into it', async () => {
    expect(await fusedOperators(biasedGelu('Gelu'), { feeds: FEEDS })).toEqual({ BiasGelu: 1, MatMul: 1 });
    expect(await fusedOperators(biasedGelu('FastGelu'), { feeds: FEEDS })).toEqual({ FastGelu: 1, MatMul: 1 });
  });

  it('stays when one element is added to all columns', async () => {
    for (const opType of ['Gelu', 'FastGelu']) {
      const single = biasedGelu(opType, (graph) => weight(graph, 1));
      expect(await fusedOperators(single, { feeds: FEEDS })).toMatchObject({ [opType]: 1, Add: 1 });
    }
  });

  it('stays when it is no vector, or switched off', async () => {
    const matrix = biasedGelu('Gelu', (graph) => weight(graph, 3, 5));
    expect(await fusedOperators(matrix, { feeds: FEEDS })).toMatchObject({ Gelu: 1, Add: 1 });
    expect(await fusedOperators(biasedGelu('Gelu'), { feeds: FEEDS, options: { enable_bias_gelu: false } })).toMatchObject({
      Gelu: 1,
      Add: 1,
    });
  });

  it('stays before a Gelu of ai.onnx that is the approximation by tanh', async () => {
    const make = (approximate: string) => (): Model => {
      const graph = graphWith({ x: [2, 3, 4] });
      const sum = add(graph, 'Add', [add(graph, 'MatMul', ['x', weight(graph, 4, 5)]), weight(graph, 5)]);
      graph.addOutput(add(graph, 'Gelu', [sum], { approximate: stringAttribute(approximate) }), undefined);
      return createModel(graph, { irVersion: 9, opsetImports: [['', 20]] });
    };
    expect(await fusedOperators(make('tanh'), { feeds: FEEDS })).toMatchObject({ Gelu: 1, Add: 1 });
    expect(await fusedOperators(make('none'), { feeds: FEEDS })).toEqual({ BiasGelu: 1, MatMul: 1 });
  });
});

describe('the approximation of Gelu', () => {
  it('is asked for', async () => {
    const options = { enable_gelu_approximation: true };
    expect(await fusedOperators(biasedGelu('Gelu'), { feeds: FEEDS, options, tolerance: 1e-3 })).toEqual({ FastGelu: 1, MatMul: 1 });
  });

  it('takes the product before it for providers that have the operator', async () => {
    const options = { enable_gelu_approximation: true, enable_gemm_fast_gelu: true };
    const { model } = await optimize(biasedGelu('Gelu')(), { optimization_options: options });
    expect([...model.graph.nodes].map(({ opType, domain, inputs }) => [opType, domain, inputs.length])).toEqual([
      ['GemmFastGelu', 'com.microsoft', 3],
    ]);
  });
});
