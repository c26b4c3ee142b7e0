import { describe, expect, it } from 'vitest';
import { floatAttribute, intAttribute } from '../graph/attribute.ts';
import { DataType } from '../graph/data-type.ts';
import { Graph } from '../graph/graph.ts';
import { createModel, type Model } from '../graph/model.ts';
import { float32Tensor, int64Tensor } from '../graph/tensor.ts';
import { tensorType } from '../graph/value.ts';
import { checkModel } from '../onnx/check.ts';
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
    const types = ['soft_input_cast0', 'soft_output_cast0'].map((name) =>
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
    expect((await convert(build())).counts).toMatchObject({ castsInserted: 3 });
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

  it('refuses to keep a node with a body in float32', async () => {
    const graph = graphWith({ x: [1] });
    graph.addInput('flag', tensorType(DataType.BOOL, []));
    const branch = (name: string): Graph => {
      const body = new Graph(name);
      body.addNode({ opType: 'Identity', inputs: ['x'], outputs: [`${name}_y`] });
      body.addOutput(`${name}_y`, tensorType(DataType.FLOAT, [1]));
      return body;
    };
    const attributes = { then_branch: { kind: 'graph', value: branch('a') }, else_branch: { kind: 'graph', value: branch('b') } } as const;
    graph.addNode({ opType: 'If', name: 'choose', inputs: ['flag'], outputs: ['y'], attributes });
    graph.addOutput('y', tensorType(DataType.FLOAT, [1]));
    await expect(convert(modelOf(graph), { op_block_list: ['If'] })).rejects.toMatchObject({ code: 'pass-failed' });
  });

  it('stops when it is cancelled', async () => {
    const params = onnxFloatToFloat16.manifest.params.parse({});
    const context = await passContext(AbortSignal.abort());
    await expect(onnxFloatToFloat16.run(smallModel(), params, context)).rejects.toThrow('abort');
  });
});
