import { describe, expect, it } from 'vitest';
import { DataType } from '../../graph/data-type.ts';
import { createModel, type Model } from '../../graph/model.ts';
import { float32Tensor, int64Tensor, makeTensor } from '../../graph/tensor.ts';
import { type Dim, tensorType } from '../../graph/value.ts';
import type { Tensor } from '../../runtime/tensor.ts';
import { graphWith, histogram, modelOf, runOnce } from '../passes.cases.ts';
import { operate } from './surgeries.cases.ts';

const surgeon = 'MatMulAddToGemm';

interface Case {
  readonly x?: readonly Dim[];
  readonly weight?: readonly number[];
  readonly bias?: readonly number[];
  /** What reads the sum, in order; the last one writes `y`. */
  readonly readers?: readonly string[];
}

const counted = (dims: readonly number[]) =>
  float32Tensor(
    dims,
    Array.from({ length: dims.reduce((a, b) => a * b, 1) }, (_, i) => ((i * 7) % 11) - 5),
  );

/** `y = readers(x w + b)`; with no reader the sum itself is the output. */
function projection({ x = [1, 3, 4], weight = [4, 5], bias = [5], readers = ['Neg'] }: Case = {}): Model {
  const graph = graphWith({ x });
  graph.setInitializer('w', counted(weight));
  graph.setInitializer('b', counted(bias));
  graph.addNode({ opType: 'MatMul', name: '/query/MatMul', inputs: ['x', 'w'], outputs: ['product'] });
  const chain = ['Add', ...readers];
  chain.forEach((opType, index) => {
    const inputs = opType === 'Add' ? ['b', 'product'] : [`t${index - 1}`];
    graph.addNode({ opType, name: `${opType}_${index}`, inputs, outputs: [index === chain.length - 1 ? 'y' : `t${index}`] });
  });
  graph.addOutput('y', undefined);
  return modelOf(graph);
}

const feed = (dims: readonly number[]): Tensor => ({
  dtype: 'float32',
  dims,
  data: Float32Array.from({ length: dims.reduce((a, b) => a * b, 1) }, (_, i) => Math.sin(i)),
});

/** Operates and checks that the model computes what it did. */
async function operateSafely(model: Model, x: readonly number[]): Promise<number> {
  const feeds = { x: feed(x) };
  const before = await runOnce(model, feeds);
  const { counts } = await operate(model, surgeon);
  expect((await runOnce(model, feeds)).outputs).toEqual(before.outputs);
  return counts[surgeon] ?? 0;
}

const operators = ({ graph }: Model) => [...graph.nodes].map(({ opType, name }) => `${opType} ${name}`);

describe(surgeon, () => {
  it('puts Reshapes around the Gemm of an operand that is no matrix, named as Olive names them', async () => {
    const model = projection();
    expect(await operateSafely(model, [1, 3, 4])).toBe(1);
    expect(operators(model)).toEqual(['Reshape /query/Reshape_pre', 'Gemm /query/Gemm', 'Reshape /query/Reshape_post', 'Neg Neg_1']);
    expect(model.graph.initializers.get('/query/Reshape_pre_shape')).toEqual(int64Tensor([2], [3, 4]));
    expect(model.graph.typeOf('/query/Gemm_output')).toEqual(tensorType(DataType.FLOAT, [3, 5]));
    expect(model.graph.typeOf('/query/Reshape_post_output')).toEqual(tensorType(DataType.FLOAT, [1, 3, 5]));
  });

  it('needs no Reshape for a matrix, whose rows may be unknown', async () => {
    const model = projection({ x: ['rows', 4] });
    expect(await operateSafely(model, [2, 4])).toBe(1);
    expect(operators(model)).toEqual(['Gemm /query/Gemm', 'Neg Neg_1']);
  });

  it.each<[string, Case, readonly number[]]>([
    ['a vector', { x: [4] }, [4]],
    ['four dimensions', { x: [2, 1, 3, 4] }, [2, 1, 3, 4]],
    ['a bias of one element', { bias: [1] }, [1, 3, 4]],
  ])('takes %s', async (_, shapes, x) => {
    expect(await operateSafely(projection(shapes), x)).toBe(1);
  });

  it('restores the shape behind a Relu that alone reads the sum', async () => {
    const model = projection({ readers: ['Relu', 'Neg'] });
    await operateSafely(model, [1, 3, 4]);
    expect(operators(model)).toEqual([
      'Reshape /query/Reshape_pre',
      'Gemm /query/Gemm',
      'Relu Relu_1',
      'Reshape /query/Reshape_post',
      'Neg Neg_2',
    ]);
    expect(model.graph.typeOf('t1')).toEqual(tensorType(DataType.FLOAT, [3, 5]));
  });

  it('restores it before a Relu whose result is an output or not the only reader', async () => {
    const last = projection({ readers: ['Relu'] });
    await operateSafely(last, [1, 3, 4]);
    expect(operators(last).at(-1)).toBe('Relu Relu_1');

    const shared = projection({ readers: ['Relu', 'Neg'] });
    shared.graph.addNode({ opType: 'Abs', inputs: ['t0'], outputs: ['z'] });
    shared.graph.addOutput('z', undefined);
    await operateSafely(shared, [1, 3, 4]);
    expect(histogram(shared)).toMatchObject({ Gemm: 1, Reshape: 2 });
  });

  it('knows shapes that only arithmetic on shapes tells', async () => {
    const model = projection({ x: [2, 6] });
    const { graph } = model;
    graph.setInitializer('first', int64Tensor([1], [0]));
    graph.setInitializer('split', int64Tensor([2], [-1, 4]));
    graph.addNode({ opType: 'Shape', inputs: ['x'], outputs: ['shape'] });
    graph.addNode({ opType: 'Gather', inputs: ['shape', 'first'], outputs: ['rows'] });
    graph.addNode({
      opType: 'Concat',
      inputs: ['rows', 'split'],
      outputs: ['wanted'],
      attributes: { axis: { kind: 'int', value: 0n } },
    });
    graph.setInitializer('half', int64Tensor([1], [0]));
    graph.setInitializer('four', int64Tensor([1], [4]));
    graph.setInitializer('axis', int64Tensor([1], [1]));
    graph.addNode({ opType: 'Slice', inputs: ['x', 'half', 'four', 'axis'], outputs: ['part'] });
    graph.addNode({ opType: 'Reshape', inputs: ['part', 'wanted'], outputs: ['folded'] });
    const [matMul] = graph.consumers('w');
    if (matMul) graph.setInput(matMul, 0, 'folded');
    expect(await operateSafely(model, [2, 6])).toBe(1);
    expect(histogram(model)['MatMul']).toBeUndefined();
  });

  it.each<[string, Case]>([
    ['dimensions that are not known', { x: ['batch', 3, 4] }],
    ['a weight of three dimensions', { weight: [1, 4, 5] }],
    ['a bias of two dimensions', { bias: [1, 5] }],
    ['a sum that is a graph output', { readers: [] }],
    ['a product that the bias widens', { weight: [4, 1] }],
    ['no element', { x: [0, 3, 4] }],
  ])('leaves %s alone', async (_, shapes) => {
    const model = projection(shapes);
    const before = operators(model);
    const { findings } = await operate(model, surgeon);
    expect(operators(model)).toEqual(before);
    expect(findings).toMatchObject([{ rule: 'surgery-matches-nothing' }]);
  });

  it('leaves a product alone that is read elsewhere, is an output, or is added to itself', async () => {
    const read = projection();
    read.graph.addNode({ opType: 'Abs', inputs: ['product'], outputs: ['z'] });
    read.graph.addOutput('z', undefined);
    const output = projection();
    output.graph.addOutput('product', undefined);
    const doubled = projection();
    const [add] = doubled.graph.consumers('b');
    if (add) doubled.graph.setInput(add, 0, 'product');
    for (const model of [read, output, doubled]) {
      await operate(model, surgeon);
      expect(histogram(model)['Gemm']).toBeUndefined();
    }
  });

  it('leaves integers alone, for which ONNX Runtime has no Gemm', async () => {
    const graph = graphWith({});
    graph.addInput('x', tensorType(DataType.INT32, [2, 2]));
    graph.setInitializer('w', makeTensor(DataType.INT32, [2, 2], Int32Array.of(1, 2, 3, 4)));
    graph.setInitializer('b', makeTensor(DataType.INT32, [2], Int32Array.of(1, 2)));
    graph.addNode({ opType: 'MatMul', inputs: ['x', 'w'], outputs: ['p'] });
    graph.addNode({ opType: 'Add', inputs: ['p', 'b'], outputs: ['s'] });
    graph.addNode({ opType: 'Neg', inputs: ['s'], outputs: ['y'] });
    graph.addOutput('y', undefined);
    expect((await operate(modelOf(graph), surgeon)).counts[surgeon]).toBe(0);
  });

  it('leaves operator sets alone whose Gemm does not widen its bias', async () => {
    const { graph } = projection();
    expect((await operate(createModel(graph, { irVersion: 3, opsetImports: [['', 6]] }), surgeon)).counts[surgeon]).toBe(0);
  });

  it('takes one of two products that one Add joins, and chains of projections', async () => {
    const vectors = projection({ x: [4] });
    vectors.graph.setInitializer('v', counted([4, 5]));
    vectors.graph.addNode({ opType: 'MatMul', inputs: ['x', 'v'], outputs: ['other'] });
    const [add] = vectors.graph.consumers('product');
    if (add) vectors.graph.setInput(add, 0, 'other');
    expect(await operateSafely(vectors, [4])).toBe(1);

    const chain = projection({ weight: [4, 4], bias: [4] });
    chain.graph.addNode({ opType: 'MatMul', inputs: ['t0', 'w'], outputs: ['p2'] });
    chain.graph.addNode({ opType: 'Add', inputs: ['p2', 'b'], outputs: ['s2'] });
    chain.graph.addNode({ opType: 'Abs', inputs: ['s2'], outputs: ['z'] });
    chain.graph.addOutput('z', undefined);
    expect(await operateSafely(chain, [1, 3, 4])).toBe(2);
  });
});
