import { describe, expect, it } from 'vitest';
import { intAttribute, intsAttribute, readTensor } from '../../graph/attribute.ts';
import { DataType } from '../../graph/data-type.ts';
import { Graph } from '../../graph/graph.ts';
import type { Model } from '../../graph/model.ts';
import { int64Tensor, toNumbers } from '../../graph/tensor.ts';
import { type Dim, tensorType } from '../../graph/value.ts';
import { graphWith, modelOf } from '../passes.cases.ts';
import { add, floatFeed, fusedOperators, hold, number, optimize, weight } from './fusions.cases.ts';

function modelWith(build: (graph: Graph) => string, dims: readonly Dim[] = ['batch', 'length', 4]): () => Model {
  return () => {
    const graph = graphWith({ x: dims });
    graph.addOutput(build(graph), tensorType(DataType.FLOAT, undefined));
    return modelOf(graph);
  };
}

const FEEDS = { x: floatFeed(2, 3, 4) };
const list = (graph: Graph, ...values: readonly number[]): string => hold(graph, int64Tensor([values.length], values));
const size = (graph: Graph, value: string, axis: number): string =>
  add(graph, 'Unsqueeze', [add(graph, 'Gather', [add(graph, 'Shape', [value]), hold(graph, int64Tensor([], [axis]))]), list(graph, 0)]);
const joined = (graph: Graph, parts: readonly string[]): string => add(graph, 'Concat', parts, { axis: intAttribute(0) });

describe('what does nothing', () => {
  it('goes: identities, casts to the same type and reshapes to the same shape', async () => {
    const model = modelWith((graph) => {
      const same = add(graph, 'Cast', [add(graph, 'Identity', ['x'])], { to: intAttribute(DataType.FLOAT) });
      return add(graph, 'Relu', [add(graph, 'Reshape', [same, joined(graph, [size(graph, 'x', 0), list(graph, -1, 4)])])]);
    });
    expect(await fusedOperators(model, { feeds: FEEDS })).toEqual({ Relu: 1 });
    expect((await optimize(model())).report.counts).toMatchObject({ identitiesRemoved: 1, castsRemoved: 1, reshapesRemoved: 1 });
  });

  it('stays where it makes an output of an input', async () => {
    const model = modelWith((graph) => add(graph, 'Reshape', [add(graph, 'Identity', ['x']), list(graph, 0, 0, 4)]));
    expect(await fusedOperators(model, { feeds: FEEDS })).toEqual({ Reshape: 1 });
    const identity = modelWith((graph) => add(graph, 'Identity', ['x']));
    expect(await fusedOperators(identity, { feeds: FEEDS })).toEqual({ Identity: 1 });
  });

  it('stays when shape inference is switched off', async () => {
    const model = modelWith((graph) => add(graph, 'Relu', [add(graph, 'Reshape', ['x', list(graph, 0, 0, 4)])]));
    const options = { enable_shape_inference: false };
    expect(await fusedOperators(model, { feeds: FEEDS, options })).toEqual({ Relu: 1, Reshape: 1 });
  });

  it('takes inputs that nothing reads along', async () => {
    const model = modelWith((graph) => {
      graph.addInput('unread', tensorType(DataType.FLOAT, [1]));
      add(graph, 'Neg', ['unread']);
      return add(graph, 'Relu', ['x']);
    });
    const { model: fused, report } = await optimize(model());
    expect(fused.graph.inputs.map(({ name }) => name)).toEqual(['x']);
    expect(report.counts).toMatchObject({ inputsRemoved: 1, unusedRemoved: 1 });
  });
});

describe('transpositions', () => {
  it('of a weight are computed ahead', async () => {
    const model = modelWith((graph) => add(graph, 'MatMul', ['x', add(graph, 'Transpose', [weight(graph, 5, 4)])]));
    expect(await fusedOperators(model, { feeds: FEEDS })).toEqual({ MatMul: 1 });
  });

  it('of a weight that a Gemm turns again are computed ahead', async () => {
    const model = modelWith(
      (graph) => add(graph, 'Gemm', ['x', add(graph, 'Transpose', [weight(graph, 4, 5)])], { transB: intAttribute(1) }),
      ['rows', 4],
    );
    expect(await fusedOperators(model, { feeds: { x: floatFeed(3, 4) } })).toEqual({ Gemm: 1 });
  });

  it('of one weight are computed once', async () => {
    const model = modelWith((graph) => {
      const square = weight(graph, 4, 4);
      const turned = (): string => add(graph, 'Transpose', [square]);
      return add(graph, 'MatMul', [add(graph, 'MatMul', [add(graph, 'MatMul', ['x', turned()]), turned()]), turned()]);
    });
    expect(await fusedOperators(model, { feeds: FEEDS })).toEqual({ MatMul: 3 });
    expect((await optimize(model())).model.graph.initializers.size).toBe(1);
  });

  it('of a weight stay when others read it', async () => {
    const model = modelWith((graph) => {
      const square = weight(graph, 4, 4);
      return add(graph, 'MatMul', [add(graph, 'MatMul', ['x', add(graph, 'Transpose', [square])]), square]);
    });
    expect(await fusedOperators(model, { feeds: FEEDS })).toEqual({ MatMul: 2, Transpose: 1 });
  });

  const twice = (first: readonly number[], second: readonly number[]) =>
    modelWith((graph) => {
      const turned = add(graph, 'Transpose', ['x'], { perm: intsAttribute(first) });
      return add(graph, 'Relu', [add(graph, 'Transpose', [turned], { perm: intsAttribute(second) })]);
    });

  it('go when the second undoes the first, and only then', async () => {
    expect(await fusedOperators(twice([1, 2, 0], [2, 0, 1]), { feeds: FEEDS })).toEqual({ Relu: 1 });
    expect(await fusedOperators(twice([0, 2, 1], [0, 2, 1]), { feeds: FEEDS })).toEqual({ Relu: 1 });
    expect(await fusedOperators(twice([1, 2, 0], [1, 2, 0]), { feeds: FEEDS })).toEqual({ Relu: 1, Transpose: 2 });
  });
});

describe('a shape put together', () => {
  /** x [batch, length, 4] as [batch, length, 2, 2]. */
  const heads = (parts: (graph: Graph) => readonly string[]) =>
    modelWith((graph) => add(graph, 'Relu', [add(graph, 'Reshape', ['x', joined(graph, parts(graph))])]));

  it('of the first sizes and constants becomes one constant', async () => {
    const model = heads((graph) => [size(graph, 'x', 0), size(graph, 'x', 1), list(graph, 2), list(graph, 2)]);
    expect(await fusedOperators(model, { feeds: FEEDS })).toEqual({ Constant: 1, Relu: 1, Reshape: 1 });
    const { model: fused } = await optimize(model());
    const [constant] = [...fused.graph.nodes].filter(({ opType }) => opType === 'Constant');
    const shape = constant && readTensor(constant, 'value');
    expect(shape && toNumbers(shape)).toEqual([0, 0, 2, 2]);
  });

  it('with a computed rest becomes one constant', async () => {
    const model = modelWith(
      (graph) => {
        const at = (axis: number): string => add(graph, 'Gather', [add(graph, 'Shape', ['x']), hold(graph, int64Tensor([], [axis]))]);
        const both = add(graph, 'Unsqueeze', [add(graph, 'Mul', [at(2), at(3)]), list(graph, 0)]);
        return add(graph, 'Relu', [add(graph, 'Reshape', ['x', joined(graph, [size(graph, 'x', 0), size(graph, 'x', 1), both])])]);
      },
      ['batch', 'length', 2, 'size'],
    );
    expect(await fusedOperators(model, { feeds: { x: floatFeed(2, 3, 2, 4) } })).toEqual({ Constant: 1, Relu: 1, Reshape: 1 });
  });

  it('names the rest where it is known, so that an empty batch stays possible', async () => {
    const model = modelWith(
      (graph) => {
        const at = (axis: number): string => add(graph, 'Gather', [add(graph, 'Shape', ['x']), hold(graph, int64Tensor([], [axis]))]);
        const both = add(graph, 'Unsqueeze', [add(graph, 'Mul', [at(2), at(3)]), list(graph, 0)]);
        return add(graph, 'Relu', [add(graph, 'Reshape', ['x', joined(graph, [size(graph, 'x', 0), size(graph, 'x', 1), both])])]);
      },
      ['batch', 'length', 2, 4],
    );
    const feeds = { x: floatFeed(0, 3, 2, 4) };
    expect(await fusedOperators(model, { feeds })).toEqual({ Constant: 1, Relu: 1, Reshape: 1 });
  });

  it.each<[string, (graph: Graph) => readonly string[]]>([
    ['of another value', (graph) => [size(graph, add(graph, 'Neg', ['x']), 0), size(graph, 'x', 1), list(graph, 2), list(graph, 2)]],
    ['of sizes in another order', (graph) => [size(graph, 'x', 1), size(graph, 'x', 0), list(graph, 2), list(graph, 2)]],
    ['with two unknown entries', (graph) => [size(graph, 'x', 0), size(graph, 'x', 1), list(graph, 2), size(graph, 'x', 0)]],
  ])('stays when it is %s', async (_, parts) => {
    expect((await fusedOperators(heads(parts), { feeds: { x: floatFeed(2, 2, 4) } }))['Concat']).toBe(1);
  });

  it('of all sizes of a value becomes its Shape', async () => {
    const model = modelWith((graph) => {
      const shape = joined(
        graph,
        [0, 1, 2].map((axis) => size(graph, 'x', axis)),
      );
      return add(graph, 'Expand', [number(graph, 1), shape]);
    });
    expect(await fusedOperators(model, { feeds: FEEDS })).toEqual({ Expand: 1, Shape: 1 });
  });

  it('of some sizes stays', async () => {
    const model = modelWith((graph) => add(graph, 'Expand', [number(graph, 1), joined(graph, [size(graph, 'x', 0), size(graph, 'x', 1)])]));
    expect((await fusedOperators(model, { feeds: FEEDS }))['Concat']).toBe(1);
  });
});

describe('int32 inputs', () => {
  function tokenModel(): Model {
    const graph = new Graph('tokens');
    graph.addInput('ids', tensorType(DataType.INT64, ['n']));
    graph.addInput('x', tensorType(DataType.FLOAT, ['n']));
    const short = add(graph, 'Cast', ['ids'], { to: intAttribute(DataType.INT32) });
    graph.addOutput(add(graph, 'Mul', [short, short]), undefined);
    graph.addOutput(add(graph, 'Cast', ['ids'], { to: intAttribute(DataType.FLOAT) }), undefined);
    graph.addOutput(add(graph, 'Neg', ['ids']), undefined);
    graph.addOutput(add(graph, 'Neg', ['x']), undefined);
    return modelOf(graph);
  }

  it('lose Casts to int32, and others read them through one Cast back', async () => {
    const { model, report } = await optimize(tokenModel(), { input_int32: true });
    expect(report.counts).toMatchObject({ inputsToInt32: 1 });
    expect(model.graph.inputs.map(({ type }) => type?.kind === 'tensor' && type.dataType)).toEqual([DataType.INT32, DataType.FLOAT]);
    const casts = [...model.graph.nodes]
      .filter(({ opType }) => opType === 'Cast')
      .map(({ inputs, attributes }) => [inputs, attributes.get('to')]);
    expect(casts).toEqual([
      [['ids'], intAttribute(DataType.FLOAT)],
      [['ids'], intAttribute(DataType.INT64)],
    ]);
  });

  it('stay int64 where they are outputs too', async () => {
    const model = tokenModel();
    model.graph.addOutput('ids', tensorType(DataType.INT64, ['n']));
    expect((await optimize(model, { input_int32: true })).report.counts).toMatchObject({ inputsToInt32: 0 });
  });
});

describe('an initializer that is an input too', () => {
  const make = (irVersion: number) => (): Model => {
    const model = modelWith((graph) => {
      const half = number(graph, 0.5);
      graph.addInput(half, tensorType(DataType.FLOAT, []));
      const erf = add(graph, 'Erf', [add(graph, 'Div', ['x', number(graph, Math.SQRT2)])]);
      return add(graph, 'Mul', [add(graph, 'Mul', ['x', half]), add(graph, 'Add', [erf, number(graph, 1)])]);
    })();
    model.irVersion = irVersion;
    return model;
  };

  it('is no constant since version 4 of the format, and was one before', async () => {
    const feeds = { ...FEEDS, number: { dtype: 'float32', dims: [], data: Float32Array.of(0.25) } } as const;
    expect(await fusedOperators(make(8), { feeds })).toMatchObject({ Erf: 1 });
    expect([...(await optimize(make(3)())).model.graph.nodes].map(({ opType }) => opType)).toEqual(['Gelu']);
  });
});
