import { mkdir, mkdtemp, rm, symlink, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { DataType } from '../graph/data-type.ts';
import { Graph } from '../graph/graph.ts';
import { createModel, type Model } from '../graph/model.ts';
import { float32Tensor, makeTensor } from '../graph/tensor.ts';
import { tensorType } from '../graph/value.ts';
import { richModel } from '../onnx/models.cases.ts';
import { encodeModel, writeModelFile } from '../onnx/write.ts';
import { findModelFile } from './find-model.ts';
import { inspectModel } from './inspect-model.ts';

let folder = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'grove-inspect-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

function modelOf(build: (graph: Graph) => void): Model {
  const graph = new Graph('g');
  build(graph);
  return createModel(graph, {
    irVersion: 8,
    opsetImports: [
      ['', 17],
      ['com.microsoft', 1],
    ],
  });
}

async function written(model: Model): Promise<string> {
  const path = join(folder, 'model.onnx');
  await writeFile(path, encodeModel(model));
  return path;
}

const scalar = (value: number) => float32Tensor([], [value]);
const text = (value: string) => ({ kind: 'string', value: new TextEncoder().encode(value) }) as const;

/** x -> Q -> DQ -> MatMul <- DQ <- int8 weights; then a float MatMul. */
function quantizedModel(): Model {
  return modelOf((graph) => {
    graph.addInput('x', tensorType(DataType.FLOAT, ['batch', 4]));
    graph.setInitializer('s', scalar(0.1));
    graph.setInitializer('z16', makeTensor(DataType.UINT16, [], Uint16Array.of(3)));
    graph.setInitializer('z8', makeTensor(DataType.INT8, [], Int8Array.of(0)));
    graph.setInitializer('w8', makeTensor(DataType.INT8, [4, 4], new Int8Array(16)));
    graph.setInitializer('w32', float32Tensor([4, 2], new Float32Array(8)));
    const domain = 'com.microsoft';
    graph.addNode({ opType: 'QuantizeLinear', domain, inputs: ['x', 's', 'z16'], outputs: ['q'] });
    graph.addNode({ opType: 'DequantizeLinear', domain, inputs: ['q', 's', 'z16'], outputs: ['d'] });
    graph.addNode({ opType: 'DequantizeLinear', inputs: ['w8', 's', 'z8'], outputs: ['w'] });
    graph.addNode({ opType: 'MatMul', inputs: ['d', 'w'], outputs: ['m'] });
    graph.addNode({ opType: 'MatMul', inputs: ['m', 'w32'], outputs: ['y'] });
    graph.addOutput('y', tensorType(DataType.FLOAT, undefined));
  });
}

describe('inspectModel', () => {
  it('tells inputs, outputs, operators, opsets and metadata', async () => {
    const inspection = await inspectModel(await written(richModel()));
    expect(inspection).toMatchObject({
      irVersion: 9,
      producer: 'test 1',
      opsets: { 'ai.onnx': 20, 'test.domain': 1 },
      metadata: { key: 'välue' },
      inputs: [
        { name: 'x', type: 'float', dims: ['batch', 3, null] },
        { name: 'flag', type: 'bool', dims: [] },
      ],
      outputs: [{ name: 'y', type: 'float', dims: null }],
      nodes: 2,
      nodesInBodies: 2,
      operators: { Mul: 2, 'test.domain::Everything': 1, If: 1 },
      problems: [],
    });
  });

  it('tells in what the arithmetic computes and how much is quantised', async () => {
    const { precision } = await inspectModel(await written(quantizedModel()));
    expect(precision).toMatchObject({
      compute: { 'uint16 x int8': 1, float: 1 },
      heavyNodes: 2,
      quantizedNodes: 1,
      weightOnlyNodes: 0,
      weights: { float: { tensors: 2, elements: 9, bytes: 36 }, int8: { tensors: 2, elements: 17, bytes: 17 } },
    });
    // 16 of 16 + 8 + 1 elements: scales are float weights too.
    expect(precision.quantizedWeightShare).toBeCloseTo(16 / 25, 6);
  });

  it.each([
    ['weights only', 'MatMulNBits', ['x', 'w8', 's'], 'float x int4', { quantizedNodes: 0, weightOnlyNodes: 1 }],
    ['an integer operator', 'MatMulInteger', ['q', 'w8'], 'uint8 x int8', { quantizedNodes: 1, weightOnlyNodes: 0 }],
    ['dynamic quantisation', 'DynamicQuantizeMatMul', ['x', 'w8', 's'], 'uint8 x int8', { quantizedNodes: 1, weightOnlyNodes: 0 }],
    ['float16 through a Cast', 'MatMul', ['half', 'half'], 'float16', { quantizedNodes: 0 }],
    ['what nobody declares', 'MatMul', ['odd', 'odd'], 'unknown', { quantizedNodes: 0 }],
  ])('knows %s', async (_what, opType, inputs, label, counts) => {
    const model = modelOf((graph) => {
      graph.addInput('x', tensorType(DataType.FLOAT, [1, 4]));
      graph.setInitializer('s', scalar(0.1));
      graph.setInitializer('w8', makeTensor(DataType.INT8, [4, 4], new Int8Array(16)));
      graph.addNode({ opType: 'DynamicQuantizeLinear', inputs: ['x'], outputs: ['q', 'qs', 'qz'] });
      graph.addNode({ opType: 'Cast', inputs: ['x'], outputs: ['half'], attributes: { to: { kind: 'int', value: 10n } } });
      graph.addNode({ opType: 'Odd', domain: 'com.microsoft', inputs: [], outputs: ['odd'] });
      graph.addNode({ opType, domain: 'com.microsoft', inputs, outputs: ['y'] });
    });
    const { precision } = await inspectModel(await written(model));
    expect(precision).toMatchObject({ compute: { [label]: 1 }, ...counts });
  });

  it('looks into bodies, where types come from outside', async () => {
    const model = modelOf((graph) => {
      graph.addInput('c', tensorType(DataType.BOOL, []));
      graph.addInput('x', tensorType(DataType.DOUBLE, [2, 2]));
      const body = new Graph('then');
      body.addNode({ opType: 'MatMul', inputs: ['x', 'x'], outputs: ['inner'] });
      graph.addNode({ opType: 'If', inputs: ['c'], outputs: ['y'], attributes: { then_branch: { kind: 'graph', value: body } } });
    });
    expect((await inspectModel(await written(model))).precision.compute).toEqual({ double: 1 });
  });

  it('finds external files and their state without reading them', async () => {
    const model = modelOf((graph) => graph.setInitializer('w', float32Tensor([64, 64], new Float32Array(4096))));
    const path = join(folder, 'model.onnx');
    await writeModelFile(model, path, { saveAsExternalData: true, externalDataName: 'weights.bin' });
    const file = { location: 'weights.bin', tensors: 1, bytes: 16_384 };
    expect((await inspectModel(path)).externalFiles).toEqual([{ ...file, sizeBytes: 16_384, state: 'present' }]);
    expect((await inspectModel(path)).largestTensors).toMatchObject([{ name: 'w', bytes: 16_384, file: 'weights.bin' }]);
    await truncate(join(folder, 'weights.bin'), 100);
    expect((await inspectModel(path)).externalFiles).toEqual([{ ...file, sizeBytes: 100, state: 'short' }]);
    await rm(join(folder, 'weights.bin'));
    expect((await inspectModel(path)).externalFiles).toEqual([{ ...file, sizeBytes: null, state: 'missing' }]);
  });

  it('refuses external files outside of the folder', async () => {
    const model = modelOf((graph) => graph.setInitializer('w', float32Tensor([64, 64], new Float32Array(4096))));
    const inner = join(folder, 'inner');
    await mkdir(inner);
    await writeModelFile(model, join(inner, 'model.onnx'), { saveAsExternalData: true, externalDataName: 'weights.bin' });
    await rm(join(inner, 'weights.bin'));
    await writeFile(join(folder, 'secret'), '');
    await symlink(join(folder, 'secret'), join(inner, 'weights.bin'));
    await expect(inspectModel(join(inner, 'model.onnx'))).rejects.toMatchObject({ code: 'invalid-onnx' });
  });

  it('tells what an execution provider compiled, and where the context is', async () => {
    const context = (graph: Graph, output: string, attributes: Record<string, ReturnType<typeof text> | { kind: 'int'; value: bigint }>) =>
      graph.addNode({ opType: 'EPContext', domain: 'com.microsoft', inputs: ['x'], outputs: [output], attributes });
    const model = modelOf((graph) => {
      graph.addInput('x', tensorType(DataType.FLOAT, [1]));
      const external = { embed_mode: { kind: 'int', value: 0n }, source: text('QNNExecutionProvider') } as const;
      context(graph, 'a', { ...external, ep_cache_context: text('ctx.bin'), ep_sdk_version: text('2.31') });
      context(graph, 'b', { ...external, main_context: { kind: 'int', value: 0n } });
      context(graph, 'c', { ep_cache_context: text('12345') });
      context(graph, 'd', { ...external, ep_cache_context: text('gone.bin') });
    });
    const path = await written(model);
    await writeFile(join(folder, 'ctx.bin'), 'abc');
    expect((await inspectModel(path)).epContexts).toMatchObject([
      { name: 'a', source: 'QNNExecutionProvider', sdkVersion: '2.31', embeddedBytes: null, file: { location: 'ctx.bin', sizeBytes: 3 } },
      { name: 'b', file: null, embeddedBytes: null },
      { name: 'c', source: '', file: null, embeddedBytes: 5 },
      { name: 'd', file: { location: 'gone.bin', sizeBytes: null } },
    ]);
  });

  it('refuses a context file outside of the folder', async () => {
    const model = modelOf((graph) => {
      const attributes = { embed_mode: { kind: 'int', value: 0n }, ep_cache_context: text('../../etc/passwd') } as const;
      graph.addNode({ opType: 'EPContext', domain: 'com.microsoft', inputs: [], outputs: ['a'], attributes });
    });
    await expect(inspectModel(await written(model))).rejects.toMatchObject({ code: 'invalid-onnx' });
  });

  it('tells what is structurally wrong instead of refusing the model', async () => {
    const model = modelOf((graph) => graph.addNode({ opType: 'Add', inputs: ['nothing', 'x'], outputs: ['y'] }));
    expect((await inspectModel(await written(model))).problems).toMatchObject([
      { message: 'it has no outputs' },
      { message: 'nothing defines its input "nothing"' },
      { message: 'nothing defines its input "x"' },
    ]);
  });

  it('lists a bounded number of anything, cut to a bounded length, whatever the model holds', async () => {
    const count = 3_000;
    const model = modelOf((graph) => {
      for (let index = 0; index < count; index++) {
        graph.addInput(`in${index}`, tensorType(DataType.FLOAT, [1]));
        graph.addNode({ opType: `Op${index}`, inputs: [`in${index}`], outputs: [`out${index}`] });
      }
      graph.addOutput('out0', undefined);
    });
    model.metadata.set('k'.repeat(10_000), 'v'.repeat(10_000));
    model.metadata.set('__proto__', 'harmless');
    const inspection = await inspectModel(await written(model));
    expect(inspection.inputs).toHaveLength(500);
    expect(Object.keys(inspection.operators)).toHaveLength(500);
    expect(inspection.nodes).toBe(count);
    expect(Object.keys(inspection.metadata)).toContain('__proto__');
    expect(JSON.stringify(inspection).length).toBeLessThan(200_000);
  });

  it('reads a model of nothing', async () => {
    const inspection = await inspectModel(await written(modelOf(() => undefined)));
    expect(inspection).toMatchObject({ nodes: 0, precision: { heavyNodes: 0, quantizedWeightShare: null }, largestTensors: [] });
  });

  it('refuses what is no model', async () => {
    const path = join(folder, 'model.onnx');
    await writeFile(path, 'not a model');
    await expect(inspectModel(path)).rejects.toMatchObject({ code: 'invalid-onnx' });
  });
});

describe('findModelFile', () => {
  const touch = (...names: readonly string[]) => Promise.all(names.map((name) => writeFile(join(folder, name), '')));

  it('takes model.onnx of a folder, or its only model', async () => {
    await touch('other.onnx', 'notes.txt');
    expect(await findModelFile(folder)).toBe(join(folder, 'other.onnx'));
    await touch('model.onnx');
    expect(await findModelFile(folder)).toBe(join(folder, 'model.onnx'));
    expect(await findModelFile(join(folder, 'other.onnx'))).toBe(join(folder, 'other.onnx'));
  });

  it('refuses a folder with none or several, and what does not exist', async () => {
    await expect(findModelFile(folder)).rejects.toMatchObject({
      code: 'invalid-argument',
      message: expect.stringContaining('holds no .onnx'),
    });
    await touch('a.onnx', 'b.onnx');
    await expect(findModelFile(folder)).rejects.toMatchObject({ message: expect.stringContaining('a.onnx, b.onnx') });
    await expect(findModelFile(join(folder, 'nothing'))).rejects.toMatchObject({
      code: 'invalid-argument',
      message: expect.stringContaining('nothing'),
    });
  });
});
