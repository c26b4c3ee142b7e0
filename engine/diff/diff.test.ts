import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { generateFeeds } from '../benchmark/inputs.ts';
import { intAttribute } from '../graph/attribute.ts';
import { DataType } from '../graph/data-type.ts';
import { Graph, type NodeSpec } from '../graph/graph.ts';
import { createModel, type Model } from '../graph/model.ts';
import { float32Tensor, makeTensor } from '../graph/tensor.ts';
import { tensorType } from '../graph/value.ts';
import { richModel } from '../onnx/models.cases.ts';
import { readModel } from '../onnx/read.ts';
import { encodeModel, writeModelFile } from '../onnx/write.ts';
import { runtime } from '../passes/passes.cases.ts';
import type { ValueMetadata } from '../runtime/inference-runtime.ts';
import { compareOutputs } from './compare-outputs.ts';
import { compareStructure } from './compare-structure.ts';

function modelOf(build: (graph: Graph) => void, opset = 17): Model {
  const graph = new Graph('g');
  build(graph);
  return createModel(graph, { irVersion: 8, opsetImports: [['', opset]] });
}

interface Layer {
  readonly weights?: readonly number[];
  readonly operator?: string;
  /** Put before every name. */
  readonly prefix?: string;
  readonly dims?: readonly (number | string)[];
}

/** x -> MatMul(w) -> operator -> y. */
function layer({ weights = [1, 2, 3, 4], operator = 'Relu', prefix = '', dims = ['batch', 2] }: Layer = {}): Model {
  return modelOf((graph) => {
    const name = (text: string) => `${prefix}${text}`;
    graph.addInput(name('x'), tensorType(DataType.FLOAT, dims));
    graph.setInitializer(name('w'), float32Tensor([2, 2], weights));
    graph.addNode({ opType: 'MatMul', name: name('product'), inputs: [name('x'), name('w')], outputs: [name('m')] });
    graph.addNode({ opType: operator, name: name('activation'), inputs: [name('m')], outputs: [name('y')] });
    graph.addOutput(name('y'), tensorType(DataType.FLOAT, dims));
  });
}

const again = (model: Model): Model => readModel(encodeModel(model));

describe('compareStructure', () => {
  it('finds nothing between a model and itself read again', () => {
    const difference = compareStructure(richModel(), again(richModel()));
    expect(difference).toMatchObject({
      sameComputation: true,
      opsets: [],
      inputs: [],
      operators: [],
      metadata: [],
      nodes: { same: 2, downstream: 0, changed: { count: 0 } },
    });
  });

  it('knows a model under other names', () => {
    const difference = compareStructure(layer(), layer({ prefix: 'other_' }));
    expect(difference).toMatchObject({ sameComputation: true, nodes: { same: 2 }, weights: { equal: 0, renamed: 1 } });
    expect(difference.inputs).toEqual([{ name: '0', a: 'x float[batch, 2]', b: 'other_x float[batch, 2]' }]);
  });

  it('tells changed weights and what reads them', () => {
    const difference = compareStructure(layer(), layer({ weights: [1, 2, 3, 4.5] }));
    expect(difference).toMatchObject({
      sameComputation: false,
      nodes: { same: 0, downstream: 2, changed: { count: 0 } },
      weights: { equal: 0, different: { count: 1, first: [{ name: 'w', a: 'float[2, 2]', maxAbsDifference: 0.5 }] } },
    });
  });

  it('tells a changed operator', () => {
    const difference = compareStructure(layer(), layer({ operator: 'Sigmoid' }));
    expect(difference).toMatchObject({
      nodes: { same: 1, changed: { count: 1, first: [{ name: 'activation', a: 'Relu', b: 'Sigmoid' }] } },
      operators: [
        { name: 'Relu', a: 1, b: null },
        { name: 'Sigmoid', a: null, b: 1 },
      ],
    });
  });

  it('tells nodes that only one has, and other shapes', () => {
    const longer = layer({ dims: [1, 2] });
    longer.graph.addNode({ opType: 'Neg', inputs: ['y'], outputs: ['z'] });
    const difference = compareStructure(layer(), longer);
    expect(difference.nodes).toMatchObject({ same: 2, onlyA: { count: 0 }, onlyB: { count: 1, first: ['Neg z'] } });
    expect(difference.inputs).toEqual([{ name: '0', a: 'x float[batch, 2]', b: 'x float[1, 2]' }]);
    expect(difference.sameComputation).toBe(false);
  });

  it('tells another operator set although the nodes are the same', () => {
    const difference = compareStructure(
      modelOf(() => undefined, 17),
      modelOf(() => undefined, 20),
    );
    expect(difference).toMatchObject({ sameComputation: false, opsets: [{ name: 'ai.onnx', a: 17, b: 20 }] });
  });

  it('compares weights of two types by value where both are numbers, and not across shapes', () => {
    const only = (tensor: ReturnType<typeof makeTensor>) => modelOf((graph) => graph.setInitializer('w', tensor));
    const half = makeTensor(DataType.FLOAT16, [2], Uint16Array.of(0x3c00, 0x4000));
    const differenceOf = (a: Model, b: Model) => compareStructure(a, b).weights.different.first[0]?.maxAbsDifference;
    expect(differenceOf(only(float32Tensor([2], [1, 2.25])), only(half))).toBe(0.25);
    expect(differenceOf(only(float32Tensor([2], [1, 2])), only(float32Tensor([1, 2], [1, 2])))).toBeNull();
    expect(differenceOf(only(float32Tensor([1], [Number.NaN])), only(float32Tensor([1], [1])))).toBe(Number.POSITIVE_INFINITY);
    expect(
      differenceOf(only(makeTensor(DataType.INT8, [1], Int8Array.of(-3))), only(makeTensor(DataType.INT8, [1], Int8Array.of(4)))),
    ).toBe(7);
  });

  it('sees a change inside a body', () => {
    const withBranch = (factor: number) =>
      modelOf((graph) => {
        graph.addInput('c', tensorType(DataType.BOOL, []));
        const body = new Graph('then');
        body.setInitializer('k', float32Tensor([1], [factor]));
        body.addNode({ opType: 'Neg', inputs: ['k'], outputs: ['r'] });
        body.addOutput('r', tensorType(DataType.FLOAT, [1]));
        const attributes = { then_branch: { kind: 'graph', value: body } } as const;
        graph.addNode({ opType: 'If', name: 'if', inputs: ['c'], outputs: ['y'], attributes });
        graph.addOutput('y', tensorType(DataType.FLOAT, [1]));
      });
    expect(compareStructure(withBranch(1), withBranch(1)).sameComputation).toBe(true);
    expect(compareStructure(withBranch(1), withBranch(2))).toMatchObject({ sameComputation: false, nodes: { changed: { count: 1 } } });
  });

  it('lists a hundred of anything and counts the rest', () => {
    const many = (operator: string) =>
      modelOf((graph) => {
        for (let index = 0; index < 300; index++)
          graph.addNode({ opType: operator, name: `n${index}`, inputs: [], outputs: [`v${index}`] });
      });
    const { changed } = compareStructure(many('A'), many('B')).nodes;
    expect(changed.count).toBe(300);
    expect(changed.first).toHaveLength(100);
  });

  it('is blind to names and order, for any graph of unary nodes', () => {
    const chains = fc.array(fc.tuple(fc.constantFrom('Neg', 'Abs', 'Relu'), fc.nat(5)), { minLength: 1, maxLength: 12 });
    const build = (specs: readonly (readonly [string, number])[], prefix: string, reversed: boolean): Model => {
      const nodes = specs.map(([opType, source], index): NodeSpec => {
        const input = source >= index ? `${prefix}x` : `${prefix}v${index - 1 - source}`;
        return {
          opType,
          name: `${prefix}n${index}`,
          inputs: [input],
          outputs: [`${prefix}v${index}`],
          attributes: { axis: intAttribute(source) },
        };
      });
      return modelOf((graph) => {
        graph.addInput(`${prefix}x`, tensorType(DataType.FLOAT, [1]));
        for (const node of reversed ? nodes.toReversed() : nodes) graph.addNode(node);
        graph.addOutput(`${prefix}v${specs.length - 1}`, tensorType(DataType.FLOAT, [1]));
      });
    };
    fc.assert(
      fc.property(chains, (specs) => {
        const difference = compareStructure(build(specs, 'a', false), build(specs, 'b', true));
        expect(difference).toMatchObject({ sameComputation: true, nodes: { same: specs.length, downstream: 0 } });
      }),
    );
  });
});

describe('compareOutputs', () => {
  let folder = '';
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'grove-diff-'));
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  async function* seeded(joint: readonly ValueMetadata[]) {
    for (const seed of [1, 2]) yield generateFeeds(joint, { kind: 'generated', seed, dims: {}, integerBelow: 10 });
  }

  async function outputsOf(a: Model, b: Model) {
    const [pathA, pathB] = [join(folder, 'a.onnx'), join(folder, 'b.onnx')];
    await writeModelFile(a, pathA);
    await writeModelFile(b, pathB);
    return compareOutputs({ pathA, pathB, runtime: await runtime(), inputs: seeded });
  }

  it('finds equal outputs of models of other names, fed by position', async () => {
    const compared = await outputsOf(layer(), layer({ prefix: 'other_' }));
    expect(compared).toMatchObject({
      state: 'compared',
      rows: 2,
      outputs: [{ a: 'y', b: 'other_y', equal: true, similarity: { maxAbsDifference: 0 } }],
    });
  });

  it('measures a difference, and fixes the sizes that one of them fixes', async () => {
    const compared = await outputsOf(
      layer({ operator: 'Identity' }),
      layer({ operator: 'Identity', weights: [1, 2, 3, 4.01], dims: [1, 2] }),
    );
    if (compared.state !== 'compared') throw new Error(compared.why);
    const [output] = compared.outputs;
    expect(output?.equal).toBe(false);
    expect(output?.similarity?.cosineMin).toBeGreaterThan(0.999);
    expect(output?.similarity?.maxAbsDifference).toBeGreaterThan(0);
    expect(output?.similarity?.maxAbsDifference).toBeLessThan(0.011);
  });

  it('says why models cannot be fed the same, or not be loaded', async () => {
    expect(await outputsOf(layer({ dims: [1, 2] }), layer({ dims: [3, 2] }))).toEqual({
      state: 'not-compared',
      why: 'input "x" has shapes that no tensor fits: [1, 2] and [3, 2]',
    });
    const twoInputs = layer();
    twoInputs.graph.addInput('z', tensorType(DataType.FLOAT, [1]));
    expect(await outputsOf(layer(), twoInputs)).toMatchObject({ why: 'the first model has 1 inputs, the second 2' });
    expect(await outputsOf(layer(), layer({ operator: 'NoSuchOperator' }))).toMatchObject({
      state: 'not-compared',
      why: expect.stringContaining('NoSuchOperator'),
    });
  });

  it('tells outputs that only one model has, and other shapes', async () => {
    const more = layer();
    more.graph.addOutput('m', tensorType(DataType.FLOAT, ['batch', 2]));
    expect(await outputsOf(layer(), more)).toMatchObject({
      outputs: [{ equal: true }, { a: '', b: 'm', why: 'the other model has no such output' }],
    });
    const flat = layer({ operator: 'Flatten' });
    flat.graph.addNode({ opType: 'Transpose', inputs: ['y'], outputs: ['t'] });
    flat.graph.outputs.splice(0, 1, { name: 't', type: undefined });
    expect(await outputsOf(layer(), flat)).toMatchObject({ outputs: [{ equal: false, why: 'shapes differ: [1, 2] and [2, 1]' }] });
  });
});
