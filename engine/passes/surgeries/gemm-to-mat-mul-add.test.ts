import { describe, expect, it } from 'vitest';
import { floatAttribute, intAttribute } from '../../graph/attribute.ts';
import { DataType } from '../../graph/data-type.ts';
import type { Attribute } from '../../graph/graph.ts';
import { createModel, type Model } from '../../graph/model.ts';
import { float32Tensor, float32Values } from '../../graph/tensor.ts';
import { tensorType } from '../../graph/value.ts';
import { graphWith, histogram, modelOf, runOnce } from '../passes.cases.ts';
import { operate } from './surgeries.cases.ts';

const surgeon = 'GemmToMatMulAdd';
const transB = { transB: intAttribute(1) };

/** `y = gemm(x, w, b)` for x [2, 2]. */
function model(attributes: Record<string, Attribute> = {}, { bias = true } = {}): Model {
  const graph = graphWith({ x: [2, 2] });
  graph.setInitializer('w', float32Tensor([2, 2], [1, 2, 3, 4]));
  if (bias) graph.setInitializer('b', float32Tensor([2], [10, 20]));
  graph.addNode({ opType: 'Gemm', name: 'fc', inputs: ['x', 'w', ...(bias ? ['b'] : [])], outputs: ['y'], attributes });
  graph.addOutput('y', tensorType(DataType.FLOAT, [2, 2]));
  return modelOf(graph);
}

const feeds = { x: { dtype: 'float32', dims: [2, 2], data: Float32Array.of(1, -1, 2, 0.5) } } as const;

async function operateSafely(before: Model): Promise<number> {
  const expected = await runOnce(before, feeds);
  const { counts } = await operate(before, surgeon);
  expect((await runOnce(before, feeds)).outputs).toEqual(expected.outputs);
  return counts[surgeon] ?? 0;
}

describe(surgeon, () => {
  it('gives a MatMul and an Add', async () => {
    const plain = model();
    expect(await operateSafely(plain)).toBe(1);
    expect([...plain.graph.nodes].map(({ opType, name }) => `${opType} ${name}`)).toEqual(['MatMul fc_MatMul', 'Add fc_Add']);
  });

  it('gives a MatMul alone without a bias', async () => {
    const plain = model({}, { bias: false });
    await operateSafely(plain);
    expect(histogram(plain)).toEqual({ MatMul: 1 });
  });

  it('transposes a constant weight once for all its readers', async () => {
    const shared = model(transB);
    shared.graph.addNode({ opType: 'Gemm', inputs: ['x', 'w'], outputs: ['z'], attributes: transB });
    shared.graph.addOutput('z', tensorType(DataType.FLOAT, [2, 2]));
    expect(await operateSafely(shared)).toBe(2);
    expect([...shared.graph.initializers.keys()]).toEqual(['b', 'w_transposed']);
    const turned = shared.graph.initializers.get('w_transposed');
    expect(turned && [...float32Values(turned)]).toEqual([1, 3, 2, 4]);
  });

  it('keeps a weight that another Gemm reads as it is', async () => {
    const shared = model(transB);
    shared.graph.addNode({ opType: 'Gemm', inputs: ['x', 'w'], outputs: ['z'] });
    shared.graph.addOutput('z', tensorType(DataType.FLOAT, [2, 2]));
    expect(await operateSafely(shared)).toBe(2);
    expect([...shared.graph.initializers.keys()].sort()).toEqual(['b', 'w', 'w_transposed']);
  });

  it('keeps a weight that somebody else reads', async () => {
    const shared = model(transB);
    shared.graph.addNode({ opType: 'Neg', inputs: ['w'], outputs: ['z'] });
    shared.graph.addOutput('z', tensorType(DataType.FLOAT, [2, 2]));
    await operateSafely(shared);
    expect([...shared.graph.initializers.keys()].sort()).toEqual(['b', 'w', 'w_transposed']);
  });

  it('puts a Transpose before a weight that is computed or may be overridden', async () => {
    const computed = model(transB);
    const [gemm] = computed.graph.nodes;
    computed.graph.addNode({ opType: 'Abs', inputs: ['x'], outputs: ['weight'] });
    if (gemm) computed.graph.setInput(gemm, 1, 'weight');
    await operateSafely(computed);
    expect(histogram(computed)).toEqual({ Abs: 1, Add: 1, MatMul: 1, Transpose: 1 });

    const overridable = model(transB);
    overridable.graph.addInput('w', tensorType(DataType.FLOAT, [2, 2]));
    await operateSafely(overridable);
    expect(histogram(overridable)).toEqual({ Add: 1, MatMul: 1, Transpose: 1 });
  });

  it.each([
    ['alpha', { alpha: floatAttribute(2) }],
    ['beta', { beta: floatAttribute(0.5) }],
    ['a transposed left operand', { transA: intAttribute(1) }],
  ])('leaves %s alone', async (_, attributes) => {
    const { counts, findings } = await operate(model(attributes), surgeon);
    expect(counts[surgeon]).toBe(0);
    expect(findings).toMatchObject([{ rule: 'surgery-matches-nothing', message: expect.stringContaining('alpha or beta') }]);
  });

  it('leaves operator sets alone that broadcast otherwise, and models without a Gemm', async () => {
    const old = createModel(model().graph, { irVersion: 3, opsetImports: [['', 6]] });
    expect((await operate(old, surgeon)).counts[surgeon]).toBe(0);
    const empty = graphWith({ x: [1] });
    empty.addOutput('x', tensorType(DataType.FLOAT, [1]));
    const { findings } = await operate(modelOf(empty), surgeon);
    expect(findings).toMatchObject([{ message: 'GemmToMatMulAdd matches nothing' }]);
  });
});
