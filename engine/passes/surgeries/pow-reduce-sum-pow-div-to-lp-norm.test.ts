import { describe, expect, it } from 'vitest';
import { intAttribute, intsAttribute } from '../../graph/attribute.ts';
import { DataType } from '../../graph/data-type.ts';
import type { Attribute } from '../../graph/graph.ts';
import { createModel, type Model } from '../../graph/model.ts';
import { float32Tensor, int64Tensor } from '../../graph/tensor.ts';
import { type Dim, tensorType } from '../../graph/value.ts';
import { constant, graphWith, histogram, modelOf, runOnce } from '../passes.cases.ts';
import { operate } from './surgeries.cases.ts';

const surgeon = 'PowReduceSumPowDiv2LpNorm';

interface Case {
  readonly x?: readonly Dim[];
  readonly axes?: readonly number[];
  readonly exponents?: readonly [number, number];
  readonly sum?: Readonly<Record<string, Attribute>>;
  readonly numerator?: string;
}

/** `y = x / (sum over axes of x^2)^0.5`. */
function model({ x = [2, 3], axes = [-1], exponents = [2, 0.5], sum = {}, numerator = 'x' }: Case = {}): Model {
  const graph = graphWith({ x, other: x });
  graph.setInitializer('two', float32Tensor([], [exponents[0]]));
  graph.setInitializer('axes', int64Tensor([axes.length], axes));
  constant(graph, 'half', float32Tensor([1], [exponents[1]]));
  graph.addNode({ opType: 'Pow', name: 'square', inputs: ['x', 'two'], outputs: ['q'] });
  graph.addNode({ opType: 'ReduceSum', name: 'sum', inputs: ['q', 'axes'], outputs: ['t'], attributes: sum });
  graph.addNode({ opType: 'Pow', name: 'root', inputs: ['t', 'half'], outputs: ['r'] });
  graph.addNode({ opType: 'Div', name: 'div', inputs: [numerator, 'r'], outputs: ['y'] });
  graph.addOutput('y', undefined);
  return modelOf(graph);
}

const values = { dtype: 'float32', dims: [2, 3], data: Float32Array.of(3, 4, 0, 1, 2, 2) } as const;
const feeds = { x: values, other: values };

describe(surgeon, () => {
  it('computes the same and leaves nothing behind', async () => {
    const before = model();
    const expected = (await runOnce(before, feeds)).outputs['y']?.data;
    expect((await operate(before, surgeon)).counts[surgeon]).toBe(1);
    expect(histogram(before)).toEqual({ LpNormalization: 1 });
    expect(before.graph.initializers.size).toBe(0);
    const actual = (await runOnce(before, feeds)).outputs['y']?.data;
    for (let i = 0; i < 6; i++) expect(Number(actual?.[i])).toBeCloseTo(Number(expected?.[i]), 6);
  });

  it('keeps a node of the chain that somebody else reads', async () => {
    const shared = model();
    shared.graph.addOutput('t', undefined);
    await operate(shared, surgeon);
    expect(histogram(shared)).toEqual({ LpNormalization: 1, Pow: 1, ReduceSum: 1 });
    await runOnce(shared, feeds);
  });

  it.each<[string, Case]>([
    ['its number', { axes: [1] }],
    ['all axes of a vector', { x: [3], axes: [] }],
  ])('knows the last axis by %s', async (_, shapes) => {
    expect((await operate(model(shapes), surgeon)).counts[surgeon]).toBe(1);
  });

  it('reads axes from the attribute of older operator sets', async () => {
    const { graph } = model();
    const [, , sum] = graph.nodes;
    if (sum) graph.setInputs(sum, ['q']);
    sum?.attributes.set('axes', intsAttribute([-1]));
    expect((await operate(createModel(graph, { irVersion: 7, opsetImports: [['', 12]] }), surgeon)).counts[surgeon]).toBe(1);
  });

  it('asks for the type of what is computed', async () => {
    const computed = model({ axes: [1] });
    const { graph } = computed;
    graph.addNode({ opType: 'Neg', inputs: ['x'], outputs: ['n'] });
    for (const node of graph.consumers('x')) if (node.opType !== 'Neg') graph.setInput(node, 0, 'n');
    expect((await operate(computed, surgeon)).counts[surgeon]).toBe(1);
  });

  it.each<[string, Case]>([
    ['another axis', { axes: [0] }],
    ['two axes', { axes: [0, 1] }],
    ['all axes of a matrix', { axes: [] }],
    ['an axis of an unknown rank', { axes: [1], sum: { keepdims: intAttribute(1) } }],
    ['a dropped axis', { sum: { keepdims: intAttribute(0) } }],
    ['a sum of nothing', { axes: [], sum: { noop_with_empty_axes: intAttribute(1) } }],
    ['other exponents', { exponents: [3, 0.5] }],
    ['another root', { exponents: [2, 0.25] }],
    ['another numerator', { numerator: 'other' }],
  ])('leaves %s alone', async (what, shapes) => {
    const odd = model(shapes);
    if (what.includes('unknown rank')) odd.graph.setType('x', tensorType(DataType.FLOAT, undefined));
    const { counts, findings } = await operate(odd, surgeon);
    expect(counts[surgeon]).toBe(0);
    expect(findings).toMatchObject([{ rule: 'surgery-matches-nothing' }]);
  });
});
