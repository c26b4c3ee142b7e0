import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { floatAttribute, intAttribute } from '../graph/attribute.ts';
import { DataType } from '../graph/data-type.ts';
import { Graph } from '../graph/graph.ts';
import { floatsFromHalves } from '../graph/half.ts';
import { createModel, type Model } from '../graph/model.ts';
import { float32Tensor, int64Tensor } from '../graph/tensor.ts';
import { allGraphs } from '../graph/topology.ts';
import { tensorType } from '../graph/value.ts';
import { checkModel } from '../onnx/check.ts';
import { readModelFile } from '../onnx/read.ts';
import type { Tensor } from '../runtime/tensor.ts';
import { onnxFloatToFloat16 } from './onnx-float-to-float16.ts';
import type { PassReport } from './pass.ts';
import { constant, graphWith, histogram, modelOf, passContext, runOnce } from './passes.cases.ts';

async function convert(model: Model, params: object = {}): Promise<PassReport> {
  const { report } = await onnxFloatToFloat16.run(model, onnxFloatToFloat16.manifest.params.parse(params), await passContext());
  checkModel(model);
  return report;
}

/** `y = softmax(x w) + c`, with w shared by a second product. */
function smallModel(): Model {
  const graph = graphWith({ x: [1, 2] });
  graph.setInitializer('w', float32Tensor([2, 2], [1, 2, 3, 4]));
  constant(graph, 'c', float32Tensor([1], [-1e9]));
  graph.addNode({ opType: 'MatMul', name: 'product', inputs: ['x', 'w'], outputs: ['p'] });
  graph.addNode({ opType: 'Softmax', name: 'soft', inputs: ['p'], outputs: ['s'] });
  graph.addNode({ opType: 'Add', name: 'sum', inputs: ['s', 'c'], outputs: ['y'] });
  graph.addOutput('y', tensorType(DataType.FLOAT, [1, 2]));
  return modelOf(graph);
}

const feed = { x: { dtype: 'float32', dims: [1, 2], data: Float32Array.of(1, 0.5) } } as const;
const halfFeed = { x: { dtype: 'float16', dims: [1, 2], data: Uint16Array.of(0x3c00, 0x3800) } } as const;

describe('OnnxFloatToFloat16', () => {
  it('converts weights, constants and ends, and inserts no Cast', async () => {
    const model = smallModel();
    const report = await convert(model);
    expect(report.counts).toMatchObject({ initializersConverted: 1, constantsConverted: 1, valuesLimited: 1, castsInserted: 0 });
    expect(report.findings).toEqual([{ rule: 'values-limited', message: '1 finite constants beyond ±10000 became ±10000' }]);
    const { ends, outputs } = await runOnce(model, halfFeed);
    expect(ends.map(({ dtype }) => dtype)).toEqual(['float16', 'float16']);
    expect(outputs['y']?.dtype).toBe('float16');
  });

  it('keeps all ends, or the named ones, in float32', async () => {
    const all = smallModel();
    expect((await convert(all, { keep_io_types: true })).counts).toMatchObject({ castsInserted: 2 });
    expect((await runOnce(all, feed)).ends.map(({ dtype }) => dtype)).toEqual(['float32', 'float32']);

    const output = smallModel();
    expect((await convert(output, { keep_io_types: ['y'] })).counts).toMatchObject({ castsInserted: 1 });
    expect((await runOnce(output, halfFeed)).ends.map(({ name, dtype }) => `${name} ${dtype}`)).toEqual(['x float16', 'y float32']);
  });

  it.each([
    ['by operator', { op_block_list: ['Softmax'] }],
    ['by name', { node_block_list: ['soft'] }],
    ['by what is left over', { op_include_list: ['MatMul', 'Add', 'Constant'] }],
    ['by the names left over', { node_include_list: ['product', 'sum', 'make_c'] }],
  ])('puts Casts around a node blocked %s', async (_, params) => {
    const model = smallModel();
    expect((await convert(model, params)).counts).toMatchObject({ castsInserted: 2 });
    const types = ['p_cast_to_fp32_node', 's_cast_to_fp16_node'].map((name) =>
      [...model.graph.nodes].find((node) => node.name === name)?.attributes.get('to'),
    );
    expect(types).toEqual([intAttribute(DataType.FLOAT), intAttribute(DataType.FLOAT16)]);
    await runOnce(model, halfFeed);
  });

  it('keeps the precision of weights that only blocked nodes read', async () => {
    const model = smallModel();
    await convert(model, { op_block_list: ['MatMul'] });
    expect(model.graph.initializers.get('w')?.dataType).toBe(DataType.FLOAT);
  });

  it('casts a weight back for a blocked node when others read it in float16', async () => {
    const graph = graphWith({ x: [1, 2] });
    graph.setInitializer('w', float32Tensor([2, 2], [1, 2, 3, 4]));
    graph.addNode({ opType: 'MatMul', name: 'a', inputs: ['x', 'w'], outputs: ['p'] });
    graph.addNode({ opType: 'MatMul', name: 'b', inputs: ['p', 'w'], outputs: ['y'] });
    graph.addOutput('y', tensorType(DataType.FLOAT, [1, 2]));
    const model = modelOf(graph);
    expect((await convert(model, { node_block_list: ['b'] })).counts).toMatchObject({ initializersConverted: 1, castsInserted: 3 });
    await runOnce(model, halfFeed);
  });

  it('blocks the default operators unless a list replaces them', async () => {
    const build = (): Model => {
      const graph = graphWith({ x: [1, 2] });
      graph.addNode({ opType: 'Min', name: 'least', inputs: ['x', 'x'], outputs: ['y'] });
      graph.addOutput('y', tensorType(DataType.FLOAT, [1, 2]));
      return modelOf(graph);
    };
    expect((await convert(build())).counts).toMatchObject({ castsInserted: 2 });
    expect((await convert(build(), { op_block_list: [] })).counts).toMatchObject({ castsInserted: 0 });
  });

  it('skips cascaded Casts and removes useless ones, but not one that makes an output from an input', async () => {
    const graph = graphWith({ x: [1, 2] });
    const cast = (name: string, from: string, to: string, type: number) =>
      graph.addNode({ opType: 'Cast', name, inputs: [from], outputs: [to], attributes: { to: intAttribute(type) } });
    graph.addNode({ opType: 'Neg', inputs: ['x'], outputs: ['n'] });
    cast('useless', 'n', 'n32', DataType.FLOAT);
    graph.addNode({ opType: 'Abs', inputs: ['n32'], outputs: ['y'] });
    cast('first', 'n', 'd', DataType.DOUBLE);
    cast('second', 'd', 'z', DataType.INT64);
    cast('through', 'x', 'w', DataType.FLOAT);
    graph.addOutput('y', tensorType(DataType.FLOAT, [1, 2]));
    graph.addOutput('z', tensorType(DataType.INT64, [1, 2]));
    graph.addOutput('w', tensorType(DataType.FLOAT, [1, 2]));
    const model = modelOf(graph);
    expect((await convert(model)).counts).toMatchObject({ castsSkipped: 1, castsRemoved: 1 });
    expect([...graph.nodes].filter(({ opType }) => opType === 'Cast').map(({ name }) => name)).toEqual(['second', 'through']);
    await runOnce(model, halfFeed);
  });

  it.each([
    ['cuts fractions off', [DataType.INT64, DataType.FLOAT], 0],
    ['makes all but zero one', [DataType.BOOL, DataType.FLOAT], 0],
    ['is repeated', [DataType.BOOL, DataType.BOOL], 1],
    ['wraps around', [DataType.DOUBLE, DataType.INT64, DataType.INT8, DataType.INT64], 1],
    ['widens', [DataType.INT8, DataType.INT32, DataType.INT64], 1],
    ['loses only precision', [DataType.DOUBLE, DataType.FLOAT, DataType.DOUBLE], 2],
  ])('skips a Cast that %s as far as results allow', async (_, targets, castsSkipped) => {
    const graph = graphWith({ x: [4] });
    let value = 'x';
    targets.forEach((type, index) => {
      const [to] = graph.addNode({
        opType: 'Cast',
        inputs: [value],
        outputs: [`c${index}`],
        attributes: { to: intAttribute(type) },
      }).outputs;
      value = to ?? '';
    });
    graph.addNode({ opType: 'Identity', inputs: [value], outputs: ['y'] });
    graph.addOutput('y', undefined);
    const model = modelOf(graph);
    const values = [1.5, 0, -2.75, 300];
    const before = await runOnce(model, { x: { dtype: 'float32', dims: [4], data: Float32Array.from(values) } });
    expect((await convert(model)).counts).toMatchObject({ castsSkipped });
    const after = await runOnce(model, { x: { dtype: 'float16', dims: [4], data: Uint16Array.of(0x3e00, 0, 0xc180, 0x5cb0) } });
    const numbers = ({ outputs }: typeof before) =>
      Array.from(outputs['y']?.data instanceof Uint16Array ? toHalves(outputs['y']) : (outputs['y']?.data ?? []), Number);
    expect(numbers(after)).toEqual(numbers(before));
  });

  it('switches types that nodes create, and constants written as plain numbers', async () => {
    const graph = graphWith({ x: [1, 2] });
    graph.setInitializer('shape', int64Tensor([2], [1, 2]));
    graph.addNode({ opType: 'ConstantOfShape', inputs: ['shape'], outputs: ['zeros'] });
    graph.addNode({ opType: 'Constant', inputs: [], outputs: ['half'], attributes: { value_float: floatAttribute(0.5) } });
    const attributes = { dtype: intAttribute(DataType.FLOAT) };
    graph.addNode({ opType: 'EyeLike', inputs: ['x'], outputs: ['eye'], attributes });
    graph.addNode({ opType: 'Sum', inputs: ['x', 'zeros', 'half', 'eye'], outputs: ['y'] });
    graph.addOutput('y', tensorType(DataType.FLOAT, [1, 2]));
    const model = modelOf(graph);
    await convert(model);
    expect((await runOnce(model, halfFeed)).outputs['y']?.dtype).toBe('float16');
  });

  it('spells out a type that is float32 by default', async () => {
    const graph = graphWith({});
    const noise = graph.addNode({
      opType: 'RandomUniform',
      inputs: [],
      outputs: ['y'],
      attributes: { shape: { kind: 'ints', value: [2n] } },
    });
    graph.addOutput('y', tensorType(DataType.FLOAT, [2]));
    await convert(modelOf(graph));
    expect(noise.attributes.get('dtype')).toEqual(intAttribute(DataType.FLOAT16));
  });

  it('keeps the scales of Resize in float32', async () => {
    const graph = graphWith({ x: [1, 1, 2, 2] });
    graph.setInitializer('scales', float32Tensor([4], [1, 1, 2, 2]));
    graph.addNode({ opType: 'Resize', name: 'grow', inputs: ['x', '', 'scales'], outputs: ['y'] });
    graph.addOutput('y', tensorType(DataType.FLOAT, [1, 1, 4, 4]));
    const model = modelOf(graph);
    await convert(model);
    expect(graph.initializers.get('scales')?.dataType).toBe(DataType.FLOAT);
    expect(histogram(model)['Cast']).toBeUndefined();
  });

  it('keeps the scales of Resize where operator set 10 has them', async () => {
    const graph = graphWith({ x: [1, 1, 2, 2] });
    graph.setInitializer('scales', float32Tensor([4], [1, 1, 2, 2]));
    graph.addNode({ opType: 'Resize', name: 'grow', inputs: ['x', 'scales'], outputs: ['y'] });
    graph.addOutput('y', tensorType(DataType.FLOAT, [1, 1, 4, 4]));
    const model = createModel(graph, { irVersion: 5, opsetImports: [['', 10]] });
    await convert(model);
    expect(graph.initializers.get('scales')?.dataType).toBe(DataType.FLOAT);
  });

  it('keeps an input with a default when ends are kept, but not a weight that is only listed as one', async () => {
    const build = (irVersion: number): Model => {
      const graph = graphWith({ x: [1, 2], w: [2] });
      graph.setInitializer('w', float32Tensor([2], [1, 2]));
      graph.addNode({ opType: 'Add', inputs: ['x', 'w'], outputs: ['y'] });
      graph.addOutput('y', tensorType(DataType.FLOAT, [1, 2]));
      return createModel(graph, { irVersion, opsetImports: [['', irVersion < 4 ? 8 : 17]] });
    };
    const typesOfW = async (model: Model): Promise<readonly unknown[]> => {
      await convert(model, { keep_io_types: true });
      await runOnce(model, feed);
      return [model.graph.initializers.get('w')?.dataType, model.graph.inputs[1]?.type];
    };
    expect(await typesOfW(build(8))).toEqual([DataType.FLOAT, tensorType(DataType.FLOAT, [2])]);
    expect(await typesOfW(build(3))).toEqual([DataType.FLOAT16, tensorType(DataType.FLOAT16, [2])]);
  });

  it('converts the bodies of If with what they read from outside', async () => {
    const graph = graphWith({ x: [1, 2] });
    graph.addInput('flag', tensorType(DataType.BOOL, []));
    graph.setInitializer('w', float32Tensor([1], [2]));
    const branch = (name: string, opType: string): Graph => {
      const body = new Graph(name);
      body.addNode({ opType, inputs: ['x', 'w'], outputs: [`${name}_y`] });
      body.addOutput(`${name}_y`, tensorType(DataType.FLOAT, [1, 2]));
      return body;
    };
    const attributes = {
      then_branch: { kind: 'graph', value: branch('a', 'Mul') },
      else_branch: { kind: 'graph', value: branch('b', 'Add') },
    } as const;
    graph.addNode({ opType: 'If', name: 'choose', inputs: ['flag'], outputs: ['y'], attributes });
    graph.addOutput('y', tensorType(DataType.FLOAT, [1, 2]));
    const model = modelOf(graph);
    await convert(model);
    expect(graph.initializers.get('w')?.dataType).toBe(DataType.FLOAT16);
    const { outputs } = await runOnce(model, { ...halfFeed, flag: { dtype: 'bool', dims: [], data: Uint8Array.of(1) } });
    expect(outputs['y']).toMatchObject({ dtype: 'float16', data: Uint16Array.of(0x4000, 0x3c00) });
  });

  /** `y = if flag then x * w else x + w` with a second reader of x and w outside. */
  function branching(): Model {
    const graph = graphWith({ x: [1, 2] });
    graph.addInput('flag', tensorType(DataType.BOOL, []));
    graph.setInitializer('w', float32Tensor([1], [2.0001]));
    const branch = (name: string, opType: string) => {
      const body = new Graph(name);
      body.setInitializer(`${name}_k`, float32Tensor([1], [1.0001]));
      body.addNode({ opType, name: `${name}_op`, inputs: ['x', 'w'], outputs: ['t'] });
      body.addNode({ opType: 'Mul', name: `${name}_mul`, inputs: ['t', `${name}_k`], outputs: [`${name}_y`] });
      body.addOutput(`${name}_y`, tensorType(DataType.FLOAT, [1, 2]));
      return { kind: 'graph', value: body } as const;
    };
    const attributes = { then_branch: branch('a', 'Mul'), else_branch: branch('b', 'Add') };
    graph.addNode({ opType: 'If', name: 'choose', inputs: ['flag'], outputs: ['y'], attributes });
    graph.addNode({ opType: 'Mul', name: 'outside', inputs: ['x', 'w'], outputs: ['z'] });
    graph.addOutput('y', tensorType(DataType.FLOAT, [1, 2]));
    graph.addOutput('z', tensorType(DataType.FLOAT, [1, 2]));
    return modelOf(graph);
  }

  const branchFeed = { ...halfFeed, flag: { dtype: 'bool', dims: [], data: Uint8Array.of(1) } } as const;

  it('keeps the bodies of a blocked node in float32, with Casts for what they read from outside', async () => {
    const model = branching();
    const { counts, left } = await convert(model, { op_block_list: ['If'] });
    expect(counts).toMatchObject({ initializersConverted: 1, castsInserted: 3 });
    expect(left).toEqual([{ what: 'If stays float32', count: 1, why: 'its type is on op_block_list' }]);
    const [body] = [...allGraphs(model.graph)].slice(1);
    expect(body?.initializers.get('a_k')?.dataType).toBe(DataType.FLOAT);
    expect([...(body?.nodes ?? [])].map(({ inputs }) => inputs)).toEqual([
      ['x_cast_to_fp32', 'w_cast_to_fp32'],
      ['t', 'a_k'],
    ]);
    expect((await runOnce(model, branchFeed)).outputs['y']?.dtype).toBe('float16');
  });

  it('keeps a weight that only such a body reads', async () => {
    const model = branching();
    const [, outside] = model.graph.nodes;
    if (outside) model.graph.setInput(outside, 1, 'x');
    expect((await convert(model, { op_block_list: ['If'] })).counts).toMatchObject({ initializersConverted: 0, castsInserted: 2 });
    await runOnce(model, branchFeed);
  });

  it('blocks nodes inside a body, whose values no record names', async () => {
    const model = branching();
    expect((await convert(model, { node_block_list: ['a_mul'] })).counts).toMatchObject({ initializersConverted: 2, castsInserted: 2 });
    const [body] = [...allGraphs(model.graph)].slice(1);
    expect([...(body?.nodes ?? [])].map(({ name }) => name)).toEqual(['a_op', 't_cast_to_fp32_node', 'a_mul', 'a_y_cast_to_fp16_node']);
    await runOnce(model, branchFeed);
  });

  it('tells apart what bodies beside each other call by one name', async () => {
    const model = branching();
    const [, then, otherwise] = [...allGraphs(model.graph)];
    const [product] = then?.nodes ?? [];
    if (then && product) {
      then.setOutput(product, 0, 'f');
      then.addNode({ opType: 'Cast', inputs: ['f'], outputs: ['t'], attributes: { to: intAttribute(DataType.INT64) } });
      then.addNode({ opType: 'Cast', inputs: ['t'], outputs: ['back'], attributes: { to: intAttribute(DataType.FLOAT) } });
      const [, scale] = then.nodes;
      if (scale) then.setInput(scale, 0, 'back');
    }
    await convert(model, { node_block_list: ['b_mul'] });
    expect([...(otherwise?.nodes ?? [])].map(({ name }) => name)).toContain('t_cast_to_fp32_node');
    await runOnce(model, { ...branchFeed, flag: { dtype: 'bool', dims: [], data: Uint8Array.of(0) } });
  });

  it('keeps a loop and what it carries in float32', async () => {
    const build = (): Model => {
      const graph = graphWith({ x: [2] });
      graph.setInitializer('trips', int64Tensor([], [3]));
      const body = new Graph('body');
      body.addInput('i', tensorType(DataType.INT64, []));
      body.addInput('go', tensorType(DataType.BOOL, []));
      body.addInput('sum', tensorType(DataType.FLOAT, [2]));
      body.addNode({ opType: 'Identity', inputs: ['go'], outputs: ['on'] });
      body.addNode({ opType: 'Add', inputs: ['sum', 'x'], outputs: ['next'] });
      body.addOutput('on', tensorType(DataType.BOOL, []));
      body.addOutput('next', tensorType(DataType.FLOAT, [2]));
      const attributes = { body: { kind: 'graph', value: body } } as const;
      graph.addNode({ opType: 'Loop', name: 'loop', inputs: ['trips', '', 'x'], outputs: ['y'], attributes });
      graph.addOutput('y', tensorType(DataType.FLOAT, [2]));
      return modelOf(graph);
    };
    const feeds = { x: { dtype: 'float16', dims: [2], data: Uint16Array.of(0x3c00, 0x4000) } } as const;
    for (const params of [{ op_block_list: ['Loop'] }, {}, { op_block_list: ['Add'] }, { keep_io_types: ['y'], op_block_list: ['Loop'] }]) {
      const model = build();
      await convert(model, params);
      const { outputs } = await runOnce(model, feeds);
      expect([...toHalves(outputs['y'])]).toEqual([4, 8]);
    }
  });

  it('keeps operators in float32 that have no float16 form, whatever the lists say', async () => {
    const build = (opset: number): Model => {
      const graph = graphWith({ x: [2] });
      graph.setInitializer('step', float32Tensor([], [0.1]));
      graph.addNode({ opType: 'QuantizeLinear', inputs: ['x', 'step'], outputs: ['q'] });
      graph.addNode({ opType: 'DequantizeLinear', inputs: ['q', 'step'], outputs: ['d'] });
      graph.addNode({ opType: 'Neg', inputs: ['d'], outputs: ['y'] });
      graph.addOutput('y', tensorType(DataType.FLOAT, [2]));
      return createModel(graph, { irVersion: 9, opsetImports: [['', opset]] });
    };
    const feeds = { x: { dtype: 'float16', dims: [2], data: Uint16Array.of(0x3c00, 0x4000) } } as const;
    for (const [opset, left] of [
      [17, 2],
      [19, 0],
    ] as const) {
      const model = build(opset);
      const report = await convert(model, { op_block_list: [] });
      expect(report.left).toHaveLength(left);
      expect([...toHalves((await runOnce(model, feeds)).outputs['y'])]).toEqual([-1, -2]);
    }
  });

  it('takes an empty list of what to include for none', async () => {
    const model = smallModel();
    expect((await convert(model, { op_include_list: [], op_block_list: ['Softmax'], node_include_list: [] })).counts).toMatchObject({
      castsInserted: 2,
    });
  });

  it('says which names the model does not have', async () => {
    const { findings } = await convert(smallModel(), { keep_io_types: ['y', 'q'], node_block_list: ['soft', 'hard'] });
    expect(findings.filter(({ rule }) => rule === 'name-matches-nothing')).toEqual([
      { rule: 'name-matches-nothing', message: 'the model has no float32 input or output "q"', param: 'keep_io_types', member: '[1]' },
      { rule: 'name-matches-nothing', message: 'the model has no node "hard"', param: 'node_block_list', member: '[1]' },
    ]);
  });

  it('keeps an output that is a constant or an input', async () => {
    const graph = graphWith({ x: [2] });
    graph.setInitializer('c', float32Tensor([2], [1, 2]));
    graph.addNode({ opType: 'Add', inputs: ['x', 'c'], outputs: ['y'] });
    for (const name of ['y', 'c', 'x']) graph.addOutput(name, tensorType(DataType.FLOAT, [2]));
    const model = modelOf(graph);
    await convert(model, { keep_io_types: true });
    const feeds = { x: { dtype: 'float32', dims: [2], data: Float32Array.of(1, 2) } } as const;
    const { outputs } = await runOnce(model, feeds);
    expect(outputs).toMatchObject({
      y: { data: Float32Array.of(2, 4) },
      c: { data: Float32Array.of(1, 2) },
      x: { data: Float32Array.of(1, 2) },
    });
  });

  it.each([{ min_positive_val: 1e-9 }, { max_finite_val: 70_000 }, { op_include_list: ['Add'], op_block_list: [] }])(
    'refuses %o',
    (params) => {
      expect(onnxFloatToFloat16.manifest.params.safeParse(params).success).toBe(false);
    },
  );

  it('stops when it is cancelled', async () => {
    const params = onnxFloatToFloat16.manifest.params.parse({});
    const context = await passContext(AbortSignal.abort());
    await expect(onnxFloatToFloat16.run(smallModel(), params, context)).rejects.toThrow('abort');
  });
});

/** A float32 or float16 result as numbers. */
function toHalves(tensor: Tensor | undefined): Float32Array {
  if (tensor?.data instanceof Uint16Array) return floatsFromHalves(tensor.data);
  return tensor?.data instanceof Float32Array ? tensor.data : new Float32Array();
}

it("keeps calls of a model's own functions in float32", async () => {
  const model = await readModelFile(fileURLToPath(new URL('../../test/fixtures/other-exporters/functions-17.onnx', import.meta.url)));
  const { left } = await convert(model);
  expect(left).toContainEqual(expect.objectContaining({ why: "it calls a function of the model's own" }));
});
