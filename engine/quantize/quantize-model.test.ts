import { describe, expect, test } from 'vitest';
import { floatAttribute, intAttribute } from '../graph/attribute.ts';
import { DataType } from '../graph/data-type.ts';
import { Graph } from '../graph/graph.ts';
import { halvesFromFloats } from '../graph/half.ts';
import { createModel, type Model } from '../graph/model.ts';
import { float32Tensor, int64Tensor, makeTensor } from '../graph/tensor.ts';
import { type Dim, tensorType } from '../graph/value.ts';
import { checkModel } from '../onnx/check.ts';
import { histogram, runOnce, runtime } from '../passes/passes.cases.ts';
import type { NamedTensors } from '../runtime/tensor.ts';
import { type QuantizationRequest, wholeModelSettings } from './build-settings.ts';
import { calibrationTensors } from './calibration-tensors.ts';
import { feedsOf, judge, observe } from './judge.cases.ts';
import { recordTypes } from './preprocess.ts';
import { qnnSettings } from './qnn-settings.ts';
import { quantizeModel } from './quantize-model.ts';
import type { TensorRange } from './range.ts';

const UINT8: QuantizationRequest = { activationType: 'uint8', weightType: 'uint8', perChannel: false, activationSymmetric: false };
const CHANNELS: QuantizationRequest = { ...UINT8, weightType: 'int8', perChannel: true };

const wave = (count: number, factor = 1): Float32Array => Float32Array.from({ length: count }, (_, i) => factor * Math.sin(3.7 * i + 1));

function modelOf(graph: Graph, opset = 17): Model {
  return createModel(graph, { irVersion: opset < 21 ? 8 : 10, opsetImports: [['', opset]] });
}

/** A graph with float inputs and outputs. */
function graphOf(
  inputs: Record<string, readonly Dim[]>,
  outputs: Record<string, readonly Dim[]>,
  dataType: DataType = DataType.FLOAT,
): Graph {
  const graph = new Graph('test');
  for (const [name, dims] of Object.entries(inputs)) graph.addInput(name, tensorType(dataType, dims));
  for (const [name, dims] of Object.entries(outputs)) graph.addOutput(name, tensorType(dataType, dims));
  return graph;
}

/** y = x w + b, 4x8 by 8x3. */
function gemmModel(attributes: Record<string, number> = {}, opset = 17): Model {
  const graph = graphOf({ x: [4, 8] }, { y: [4, 3] });
  graph.setInitializer('w', float32Tensor([8, 3], wave(24)));
  graph.setInitializer('b', float32Tensor([3], wave(3, 5)));
  const floats = Object.fromEntries(Object.entries(attributes).map(([name, value]) => [name, floatAttribute(value)]));
  graph.addNode({ opType: 'Gemm', name: 'gemm', inputs: ['x', 'w', 'b'], outputs: ['y'], attributes: floats });
  return modelOf(graph, opset);
}

function feedsFor(model: Model): NamedTensors {
  const inputs = model.graph.inputs.filter(({ name }) => !model.graph.initializers.has(name));
  return feedsOf(
    inputs.map(({ name, type }) => {
      if (type?.kind !== 'tensor') throw new RangeError(`input ${name} is no tensor`);
      const dtype = ({ [DataType.FLOAT]: 'float32', [DataType.FLOAT16]: 'float16', [DataType.BOOL]: 'bool' } as const)[type.dataType];
      return { name, dtype: dtype ?? 'int64', dims: type.dims ?? [] };
    }),
  );
}

/** Records types, quantises and lets ONNX Runtime judge. */
async function judged(model: Model, request: QuantizationRequest = UINT8): ReturnType<typeof judge> {
  await recordTypes(model, await runtime());
  return judge(model, wholeModelSettings(model, request), feedsFor(model));
}

function expectNear({ errors }: Awaited<ReturnType<typeof judge>>): void {
  for (const [output, error] of Object.entries(errors)) expect(error, output).toBeLessThan(0.04);
}

describe('where onnxruntime would write a wrong model, this is right:', () => {
  test('beta of Gemm stays in the result', async () => {
    const model = gemmModel({ beta: 0.25 });
    const result = await judged(model);
    expectNear(result);
    expect(result.report.biases).toBe(1);
    expect([...model.graph.nodes].find(({ opType }) => opType === 'Gemm')?.attributes.get('beta')).toEqual(floatAttribute(1));
  });

  test('a bias multiplied by beta leaves its other readers alone', async () => {
    const model = gemmModel({ beta: 0.25 });
    model.graph.addOutput('z', tensorType(DataType.FLOAT, [3]));
    model.graph.addNode({ opType: 'Neg', name: 'neg', inputs: ['b'], outputs: ['z'] });
    expectNear(await judged(model));
  });

  test.each([UINT8, CHANNELS, { ...UINT8, activationType: 'uint16', weightType: 'uint16' } as const])(
    'a bias that would not fit 32 bits makes its weight coarser, with %o',
    async (request) => {
      const model = gemmModel({ beta: 4 });
      model.graph.setInitializer('b', float32Tensor([3], [1e6, -2, 3e-3]));
      const result = await judged(model, request);
      expectNear(result);
      expect(result.report).toMatchObject({ biases: 1, skipped: [] });
    },
  );

  test('the bias of a Gemm with alpha stays float', async () => {
    const result = await judged(gemmModel({ alpha: 2 }));
    expectNear(result);
    expect(result.report.skipped).toEqual([{ tensor: 'b', reason: 'bias-of-scaled-product' }]);
  });

  test('a table quantised per channel shares no scales with what is gathered from it', async () => {
    const graph = graphOf({ x: [2, 5] }, { y: [3, 4], v: [2, 4] });
    graph.addInput('ids', tensorType(DataType.INT64, [3]));
    graph.setInitializer('table', float32Tensor([5, 4], wave(20)));
    graph.addNode({ opType: 'Gather', name: 'gather', inputs: ['table', 'ids'], outputs: ['y'] });
    graph.addNode({ opType: 'MatMul', name: 'multiply', inputs: ['x', 'table'], outputs: ['v'] });
    const model = modelOf(graph);
    expectNear(await judged(model, CHANNELS));
    expect(model.graph.initializers.get('table_scale')?.dims).toEqual([4]);
    expect(model.graph.initializers.get('y_scale')?.dims).toEqual([]);
  });

  test.each([
    ['bounds that leave out zero', [0.5, 1]],
    ['a bound that is computed', undefined],
  ])('a Clip with %s stays', async (_, bounds) => {
    const graph = graphOf({ x: [4, 8], bound: [] }, { y: [4, 8] });
    graph.addNode({ opType: 'Neg', name: 'neg', inputs: ['x'], outputs: ['a'] });
    if (bounds) for (const [index, value] of bounds.entries()) graph.setInitializer(`bound${index}`, float32Tensor([], [value]));
    const inputs = bounds ? ['a', 'bound0', 'bound1'] : ['a', 'bound'];
    graph.addNode({ opType: 'Clip', name: 'clip', inputs, outputs: ['y'] });
    const model = modelOf(graph);
    expectNear(await judged(model));
    expect(histogram(model)).toMatchObject({ Clip: 1 });
  });

  test('a Relu stays when its output is quantised beyond zero, or not at all', async () => {
    const relu = (): Model => {
      const graph = graphOf({ x: [4, 8] }, { y: [4, 8] });
      graph.addNode({ opType: 'Neg', name: 'neg', inputs: ['x'], outputs: ['a'] });
      graph.addNode({ opType: 'Relu', name: 'relu', inputs: ['a'], outputs: ['y'] });
      return modelOf(graph);
    };
    const asymmetric = { overrides: new Map([['y', [{ rmin: -3, rmax: 3 }]]]) };
    const float = { extra: { opTypesToExcludeOutputQuantization: ['Relu'] } };
    for (const changed of [asymmetric, float]) {
      const model = relu();
      expectNear(await judged(model, { ...UINT8, ...changed }));
      expect(histogram(model)).toMatchObject({ Relu: 1 });
    }
    const model = relu();
    expect((await judged(model)).report.removedActivations).toBe(1);
    expect(histogram(model)).toEqual({ Neg: 1, QuantizeLinear: 2, DequantizeLinear: 2 });
  });

  test('names that the model has already are not taken twice', async () => {
    const graph = graphOf({ x: [4, 8] }, { y: [4, 8] });
    graph.setInitializer('bn_scale', float32Tensor([8], wave(8)));
    graph.setInitializer('x_zero_point', float32Tensor([8], wave(8, 2)));
    graph.addNode({ opType: 'Mul', name: 'bn_QuantizeLinear', inputs: ['x', 'bn_scale'], outputs: ['bn'] });
    graph.addNode({ opType: 'Sub', name: 'sub', inputs: ['bn', 'x_zero_point'], outputs: ['y'] });
    const model = modelOf(graph);
    expectNear(await judged(model));
    expect(model.graph.initializers.has('bn_scale_1')).toBe(true);
  });

  test('biases are copied for nodes without names too', async () => {
    const graph = graphOf({ x: [1, 2, 4, 4] }, { y: [1, 3, 3, 3], v: [1, 3, 3, 3] });
    graph.setInitializer('b', float32Tensor([3], wave(3)));
    for (const [output, factor] of [
      ['y', 1],
      ['v', 30],
    ] as const) {
      graph.setInitializer(`w_${output}`, float32Tensor([3, 2, 2, 2], wave(24, factor)));
      graph.addNode({ opType: 'Conv', inputs: ['x', `w_${output}`, 'b'], outputs: [output] });
    }
    const result = await judged(modelOf(graph));
    expectNear(result);
    expect(result.report.biases).toBe(2);
  });
});

describe('old operator sets and float16', () => {
  test.each([
    [9, UINT8, 'com.microsoft'],
    [12, CHANNELS, 'com.microsoft'],
    [12, UINT8, ''],
    [13, CHANNELS, ''],
    [17, { ...UINT8, activationType: 'uint16' } as const, 'com.microsoft'],
    [21, { ...UINT8, activationType: 'uint16' } as const, ''],
  ])('opset %d gets nodes it has, with %o', async (opset, request, domain) => {
    const model = gemmModel({}, opset);
    expectNear(await judged(model, request));
    const domains = new Set([...model.graph.nodes].filter(({ opType }) => opType.endsWith('Linear')).map((node) => node.domain));
    expect([...domains]).toEqual([domain]);
    expect(model.opsetImports.get('com.microsoft')).toBe(domain === '' ? undefined : 1);
  });

  test('scales of float16 tensors are float16, also where they are fixed', async () => {
    const graph = graphOf({ x: [4, 8] }, { y: [4, 8] }, DataType.FLOAT16);
    graph.setInitializer('k', makeTensor(DataType.FLOAT16, [8], halvesFromFloats(wave(8, 3))));
    graph.addNode({ opType: 'Mul', name: 'mul', inputs: ['x', 'k'], outputs: ['a'] });
    graph.addNode({ opType: 'Softmax', name: 'softmax', inputs: ['a'], outputs: ['y'] });
    const model = modelOf(graph, 21);
    expectNear(await judged(model));
    const scales = [...model.graph.initializers].filter(([name]) => name.endsWith('_scale')).map(([, tensor]) => tensor.dataType);
    expect(scales).toEqual([DataType.FLOAT16, DataType.FLOAT16, DataType.FLOAT16, DataType.FLOAT16]);
  });

  test('float16 before opset 19 takes the nodes of ONNX Runtime', () => {
    const graph = graphOf({ x: [4, 8] }, { y: [4, 8] }, DataType.FLOAT16);
    graph.addNode({ opType: 'Neg', name: 'neg', inputs: ['x'], outputs: ['y'] });
    const model = modelOf(graph, 17);
    const ends = { min: -2, max: 2 };
    quantizeModel(model, new Map([['x', ends] as const, ['y', ends] as const]), wholeModelSettings(model, UINT8));
    expect([...model.graph.nodes].filter(({ domain }) => domain === 'com.microsoft')).toHaveLength(4);
  });

  test('float16 tensors too narrow for 16 bits stay float', async () => {
    const graph = graphOf({ x: [4, 8] }, { y: [4, 8] }, DataType.FLOAT16);
    graph.addNode({ opType: 'Softmax', name: 'softmax', inputs: ['x'], outputs: ['y'] });
    const result = await judged(modelOf(graph, 21), { ...UINT8, activationType: 'uint16' });
    expectNear(result);
    expect(result.report.skipped).toContainEqual({ tensor: 'y', reason: 'range-too-narrow' });
  });
});

describe('what cannot be quantised stays float and is reported:', () => {
  /** x -> Add(k) -> a -> Reshape -> b -> Neg -> y */
  function chain(): Model {
    const graph = graphOf({ x: [4, 8] }, { y: [8, 4] });
    graph.setInitializer('k', float32Tensor([8], wave(8)));
    graph.setInitializer('shape', int64Tensor([2], [8, 4]));
    graph.addNode({ opType: 'Add', name: 'add', inputs: ['x', 'k'], outputs: ['a'] });
    graph.addNode({ opType: 'Reshape', name: 'reshape', inputs: ['a', 'shape'], outputs: ['b'] });
    graph.addNode({ opType: 'Neg', name: 'neg', inputs: ['b'], outputs: ['y'] });
    return modelOf(graph);
  }

  /** Quantises by `ranges` alone; the model must run as before. */
  async function quantizeBy(model: Model, ranges: Record<string, TensorRange>, request = UINT8): Promise<unknown> {
    const feeds = feedsFor(model);
    const { outputs: before } = await runOnce(model, feeds);
    const report = quantizeModel(model, new Map(Object.entries(ranges)), wholeModelSettings(model, request));
    const { outputs: after } = await runOnce(model, feeds);
    expect(Object.keys(after)).toEqual(Object.keys(before));
    return report.skipped;
  }

  const ends = { min: -4, max: 4 };

  test('a value without a known type, and what would share its scale', async () => {
    const model = chain();
    model.graph.setType('b', tensorType(DataType.FLOAT, [8, 4]));
    expect(await quantizeBy(model, { x: ends, a: ends, b: ends, y: ends })).toEqual([
      { tensor: 'a', reason: 'unknown-type' },
      { tensor: 'b', reason: 'provider-not-quantized' },
    ]);
  });

  test.each<[string, TensorRange | undefined]>([
    ['no-range', undefined],
    ['range-not-finite', { min: Number.NEGATIVE_INFINITY, max: 1 }],
    ['range-not-finite', { min: Number.NaN, max: Number.NaN }],
    ['range-not-finite', { min: -3e38, max: 3e38 }],
  ])('an activation: %s, %o', async (reason, range) => {
    const model = chain();
    await recordTypes(model, await runtime());
    expect(await quantizeBy(model, { x: ends, ...(range ? { a: range } : {}), b: ends, y: ends })).toEqual([
      { tensor: 'a', reason },
      { tensor: 'b', reason: 'provider-not-quantized' },
    ]);
  });

  test('a constant that holds infinity, and the bias that its scale is needed for', async () => {
    const model = gemmModel();
    model.graph.setInitializer('w', float32Tensor([8, 3], wave(24).fill(Number.NEGATIVE_INFINITY, 0, 1)));
    expect(await quantizeBy(model, { x: ends, y: ends })).toEqual([
      { tensor: 'w', reason: 'value-not-finite' },
      { tensor: 'b', reason: 'bias-without-scale' },
    ]);
  });

  test('biases: computed, not finite, and of another shape than the channels', async () => {
    const computed = gemmModel();
    computed.graph.removeInitializer('b');
    computed.graph.addInput('b', tensorType(DataType.FLOAT, [3]));
    expect(await quantizeBy(computed, { x: ends, y: ends })).toEqual([{ tensor: 'b', reason: 'bias-not-constant' }]);

    const infinite = gemmModel();
    infinite.graph.setInitializer('b', float32Tensor([3], [0, Number.POSITIVE_INFINITY, 1]));
    expect(await quantizeBy(infinite, { x: ends, y: ends })).toEqual([{ tensor: 'b', reason: 'value-not-finite' }]);

    const scalar = gemmModel();
    scalar.graph.setInitializer('b', float32Tensor([1], [2]));
    expect((await judged(scalar, CHANNELS)).report.skipped).toEqual([{ tensor: 'b', reason: 'bias-shape' }]);
  });

  test('biases whose scale does not suit, where no weight may be adjusted', async () => {
    const fixed = { ...UINT8, extra: { disableWeightAdjustForInt32Bias: true } };
    const tiny = gemmModel();
    tiny.graph.setInitializer('w', float32Tensor([8, 3], wave(24, 1e-34)));
    expect(await quantizeBy(tiny, { x: { min: 0, max: 1e-20 }, y: ends }, fixed)).toEqual([
      { tensor: 'b', reason: 'bias-scale-too-small' },
    ]);

    const large = gemmModel();
    large.graph.setInitializer('b', float32Tensor([3], [1, 1e9, 1]));
    expect(await quantizeBy(large, { x: ends, y: ends }, fixed)).toEqual([{ tensor: 'b', reason: 'bias-overflows' }]);

    const computed = gemmModel();
    computed.graph.removeInitializer('w');
    computed.graph.addInput('w', tensorType(DataType.FLOAT, [8, 3]));
    computed.graph.setInitializer('b', float32Tensor([3], [1, 1e9, 1]));
    expect(await quantizeBy(computed, { x: ends, w: ends, y: ends })).toEqual([{ tensor: 'b', reason: 'bias-overflows' }]);
  });

  test('values that the model has dequantised itself, and what would share their scale', async () => {
    const graph = graphOf({ x: [4, 8] }, { y: [8, 4] });
    graph.setInitializer('q', makeTensor(DataType.UINT8, [4, 8], new Uint8Array(32).fill(7)));
    graph.setInitializer('s', float32Tensor([], [0.5]));
    graph.setInitializer('shape', int64Tensor([2], [8, 4]));
    graph.addNode({ opType: 'DequantizeLinear', name: 'dq', inputs: ['q', 's'], outputs: ['k'] });
    graph.addNode({ opType: 'Reshape', name: 'reshape', inputs: ['k', 'shape'], outputs: ['y'] });
    const result = await judged(modelOf(graph));
    expectNear(result);
    expect(result.report.skipped).toEqual([
      { tensor: 'k', reason: 'already-dequantized' },
      { tensor: 'y', reason: 'provider-not-quantized' },
    ]);
  });

  test('a graph with nothing float', async () => {
    const graph = new Graph('integers');
    graph.addInput('x', tensorType(DataType.INT64, [2]));
    graph.addNode({ opType: 'Add', name: 'add', inputs: ['x', 'x'], outputs: ['y'] });
    graph.addOutput('y', tensorType(DataType.INT64, [2]));
    const model = modelOf(graph);
    const { report } = await judged(model);
    expect(report).toMatchObject({ quantizeNodes: 0, dequantizeNodes: 0, skipped: [] });
    expect(histogram(model)).toEqual({ Add: 1 });
  });
});

describe('odd graphs', () => {
  test('bodies stay float and go on reading the float values', async () => {
    const graph = graphOf({ x: [4, 8] }, { y: [4, 8] });
    graph.addInput('c', tensorType(DataType.BOOL, []));
    graph.setInitializer('k', float32Tensor([8], wave(8)));
    graph.addNode({ opType: 'Add', name: 'add', inputs: ['x', 'k'], outputs: ['a'] });
    graph.addNode({ opType: 'Relu', name: 'relu', inputs: ['a'], outputs: ['r'] });
    const branch = (name: string, read: string): Graph => {
      const body = new Graph(name);
      body.addNode({ opType: 'Mul', name: `${name}_mul`, inputs: [read, 'k'], outputs: [`${name}_out`] });
      body.addOutput(`${name}_out`, tensorType(DataType.FLOAT, [4, 8]));
      return body;
    };
    const attributes = {
      then_branch: { kind: 'graph', value: branch('then', 'a') },
      else_branch: { kind: 'graph', value: branch('else', 'r') },
    } as const;
    graph.addNode({ opType: 'If', name: 'if', inputs: ['c'], outputs: ['y'], attributes });
    const model = modelOf(graph);
    const result = await judged(model);
    expectNear(result);
    expect(result.report.removedActivations).toBe(0);
    expect(model.graph.initializers.has('k')).toBe(true);
  });

  test('a Relu whose output is read by bodies stays', async () => {
    const graph = graphOf({ x: [4, 8] }, { y: [4, 8], v: [4, 8] });
    graph.addInput('c', tensorType(DataType.BOOL, []));
    graph.setInitializer('w', float32Tensor([8, 8], wave(64)));
    graph.addNode({ opType: 'MatMul', name: 'matmul', inputs: ['x', 'w'], outputs: ['m'] });
    graph.addNode({ opType: 'Relu', name: 'relu', inputs: ['m'], outputs: ['r'] });
    graph.addNode({ opType: 'Neg', name: 'neg', inputs: ['r'], outputs: ['v'] });
    const branch = (name: string): { readonly kind: 'graph'; readonly value: Graph } => {
      const body = new Graph(name);
      body.addNode({ opType: 'Identity', name: `${name}_copy`, inputs: ['r'], outputs: [`${name}_out`] });
      body.addOutput(`${name}_out`, tensorType(DataType.FLOAT, [4, 8]));
      return { kind: 'graph', value: body };
    };
    const attributes = { then_branch: branch('then'), else_branch: branch('else') };
    graph.addNode({ opType: 'If', name: 'if', inputs: ['c'], outputs: ['y'], attributes });
    // A quantised output would be clamped by its own pair.
    const result = await judged(modelOf(graph), { ...UINT8, nodesToExclude: ['if'] });
    expectNear(result);
    expect(result.report.removedActivations).toBe(0);
  });

  test.each([
    ['a graph output', ['v', 'u', 'r'], []],
    ['read by a node that is left out', ['v', 'u'], ['u_node']],
  ])('with dedicated pairs, a Relu whose output is %s stays', async (_, outputs, nodesToExclude) => {
    const graph = graphOf({ x: [4, 8] }, Object.fromEntries(outputs.map((name) => [name, [4, 8]])));
    graph.addNode({ opType: 'Neg', name: 'neg', inputs: ['x'], outputs: ['m'] });
    graph.addNode({ opType: 'Relu', name: 'relu', inputs: ['m'], outputs: ['r'] });
    for (const name of ['v', 'u']) graph.addNode({ opType: 'Neg', name: `${name}_node`, inputs: ['r'], outputs: [name] });
    if (nodesToExclude.length > 0) graph.addNode({ opType: 'Neg', name: 'w_node', inputs: ['r'], outputs: ['w'] });
    if (nodesToExclude.length > 0) graph.addOutput('w', tensorType(DataType.FLOAT, [4, 8]));
    const result = await judged(modelOf(graph), { ...UINT8, nodesToExclude, extra: { dedicatedQdqPair: true } });
    expectNear(result);
    expect(result.report.removedActivations).toBe(0);
  });

  test('constants that callers may replace stay float and inputs', async () => {
    const model = gemmModel();
    const { graph } = model;
    graph.setInitializer('unread', float32Tensor([3], wave(3)));
    for (const [name, dims] of [['w', [8, 3]] as const, ['b', [3]] as const, ['unread', [3]] as const]) {
      graph.addInput(name, tensorType(DataType.FLOAT, dims));
    }
    const result = await judged(model, { ...CHANNELS, extra: { opTypesToExcludeOutputQuantization: ['Gemm'] } });
    expectNear(result);
    expect(result.report).toMatchObject({ weights: 0, biases: 0 });
    expect(result.report.skipped).toEqual([
      { tensor: 'b', reason: 'bias-not-constant' },
      { tensor: 'w', reason: 'replaceable' },
    ]);
    expect(graph.inputs.map(({ name }) => name)).toEqual(['x', 'w', 'b', 'unread']);
    const w = { dtype: 'float32', dims: [8, 3], data: new Float32Array(24) } as const;
    checkModel(model);
    // The runtime's binding cannot replace a default, but gives an input without one.
    const feeds = { ...feedsFor(model), w };
    graph.removeInitializer('w');
    const { outputs } = await runOnce(model, feeds);
    expect(outputs['y']?.data).toEqual(Float32Array.from({ length: 12 }, (_, i) => wave(3, 5)[i % 3] ?? 0));
  });

  test('a graph input that is a graph output at once', async () => {
    const graph = graphOf({ x: [4] }, { y: [4], x: [4] });
    graph.addNode({ opType: 'Neg', name: 'neg', inputs: ['x'], outputs: ['y'] });
    const model = modelOf(graph);
    expectNear(await judged(model));
    checkModel(model);
  });

  test('a constant that is a graph output, and a bias that is one', async () => {
    const model = gemmModel();
    model.graph.addOutput('w', tensorType(DataType.FLOAT, [8, 3]));
    model.graph.addOutput('b', tensorType(DataType.FLOAT, [3]));
    expectNear(await judged(model));
    checkModel(model);
  });

  test('nodes in any order', async () => {
    const graph = graphOf({ x: [4, 8] }, { y: [4, 8] });
    graph.addNode({ opType: 'Relu', name: 'relu', inputs: ['b'], outputs: ['y'] });
    graph.addNode({ opType: 'Neg', name: 'neg', inputs: ['a'], outputs: ['b'] });
    graph.addNode({ opType: 'Abs', name: 'abs', inputs: ['x'], outputs: ['a'] });
    const model = modelOf(graph);
    expectNear(await judged(model));
    checkModel(model);
  });

  test('a long chain of data movement, and a Split into many', async () => {
    const graph = graphOf({ x: [2, 2] }, { y: [2, 2], v: [1, 2] });
    const length = 3000;
    for (let index = 0; index < length; index++) {
      graph.addNode({
        opType: 'Transpose',
        name: `t${index}`,
        inputs: [index === 0 ? 'x' : `v${index}`],
        outputs: [index === length - 1 ? 'y' : `v${index + 1}`],
      });
      if (index < length - 1) graph.setType(`v${index + 1}`, tensorType(DataType.FLOAT, [2, 2]));
    }
    graph.addNode({ opType: 'Split', name: 'split', inputs: ['x'], outputs: ['v', 'u'], attributes: { axis: intAttribute(0) } });
    const model = modelOf(graph, 13);
    const report = quantizeModel(model, new Map([['x', { min: -1, max: 1 }]]), wholeModelSettings(model, UINT8));
    expect(report).toMatchObject({ quantizeNodes: length + 2, skipped: [{ tensor: 'u', reason: 'unknown-type' }] });
    expect(model.graph.initializers.size).toBe(2);
  });

  test('a model that is quantised already keeps its weights and biases', async () => {
    const model = gemmModel();
    await judged(model);
    const result = await judged(model);
    expectNear(result);
    expect(result.report).toMatchObject({ weights: 0, biases: 0 });
    expect(result.report.skipped.map(({ reason }) => reason)).toEqual(Array(3).fill('already-dequantized'));
  });
});

test('recordTypes forgets what was said of values that ONNX Runtime knows no tensor type of', async () => {
  const graph = graphOf({ x: [4, 8] }, { y: [4, 8] });
  graph.addNode({ opType: 'SequenceConstruct', inputs: ['x', 'x'], outputs: ['s'] });
  graph.setInitializer('first', int64Tensor([], [0]));
  graph.addNode({ opType: 'SequenceAt', inputs: ['s', 'first'], outputs: ['a'] });
  graph.addNode({ opType: 'Neg', inputs: ['a'], outputs: ['y'] });
  for (const value of ['s', 'a']) graph.setType(value, tensorType(DataType.FLOAT, [1]));
  await recordTypes(modelOf(graph), await runtime());
  expect(graph.typeOf('s')).toBeUndefined();
  expect(graph.typeOf('a')).toEqual(tensorType(DataType.FLOAT, undefined));
});

describe('calibrationTensors', () => {
  test('knows nothing of operators of other domains', () => {
    const graph = graphOf({ x: [4, 8] }, { y: [4, 8] });
    graph.addNode({ opType: 'Neg', name: 'neg', inputs: ['x'], outputs: ['a'] });
    graph.addNode({ opType: 'Relu', domain: 'other', name: 'relu', inputs: ['a'], outputs: ['b'] });
    graph.addNode({ opType: 'Softmax', domain: 'other', name: 'softmax', inputs: ['b'], outputs: ['y'] });
    for (const value of ['a', 'b']) graph.setType(value, tensorType(DataType.FLOAT, [4, 8]));
    const model = createModel(graph, {
      irVersion: 8,
      opsetImports: [
        ['', 17],
        ['other', 1],
      ],
    });
    const settings = wholeModelSettings(model, UINT8);
    const tensors = calibrationTensors(model, settings);
    expect(tensors).toEqual(['x', 'a', 'b', 'y']);
    const report = quantizeModel(model, new Map(tensors.map((name) => [name, { min: -1, max: 1 }])), settings);
    expect(report).toMatchObject({ removedActivations: 0, quantizeNodes: 4 });
  });

  test('leaves out what shares a scale, has a fixed one or takes over a range', async () => {
    const graph = graphOf({ x: [4, 8] }, { y: [4, 8] });
    graph.addNode({ opType: 'Transpose', name: 'move', inputs: ['x'], outputs: ['a'] });
    graph.addNode({ opType: 'Softmax', name: 'softmax', inputs: ['a'], outputs: ['b'] });
    graph.addNode({ opType: 'Neg', name: 'neg', inputs: ['b'], outputs: ['c'] });
    graph.addNode({ opType: 'Relu', name: 'relu', inputs: ['c'], outputs: ['d'] });
    graph.addNode({ opType: 'Transpose', name: 'back', inputs: ['d'], outputs: ['y'] });
    const model = modelOf(graph);
    await recordTypes(model, await runtime());
    expect(calibrationTensors(model, wholeModelSettings(model, UINT8))).toEqual(['x', 'd']);
  });

  test.each(['of a whole model', 'for QNN'])(
    'settings %s neither observe nor quantise a constant that callers may replace',
    async (which) => {
      const graph = graphOf({ x: [4, 8] }, { y: [4, 3] });
      graph.setInitializer('w', float32Tensor([8, 3], wave(24)));
      graph.addInput('w', tensorType(DataType.FLOAT, [8, 3]));
      graph.addNode({ opType: 'Transpose', name: 'move', inputs: ['w'], outputs: ['turned'] });
      graph.addNode({ opType: 'MatMul', name: 'product', inputs: ['x', 'w'], outputs: ['y'] });
      const model = modelOf(graph, 20);
      await recordTypes(model, await runtime());
      const request = { ...UINT8, activationType: 'uint16' } as const;
      const settings = which === 'for QNN' ? qnnSettings(model, request) : wholeModelSettings(model, request);
      expect(calibrationTensors(model, settings)).toEqual(['x', 'y']);
      const ranges = await observe(model, settings, feedsFor(model));
      const report = quantizeModel(model, ranges, settings);
      expect(report.skipped).toContainEqual({ tensor: 'w', reason: 'replaceable' });
      expect(graph.consumers('w').map(({ name }) => name)).toEqual(['product']);
      expect(graph.inputs.map(({ name }) => name)).toEqual(['x', 'w']);
      checkModel(model);
      await runOnce(model, feedsFor(model));
    },
  );

  test('asks for what symmetric weights with a bias are guarded by', async () => {
    const graph = graphOf({ x: [8, 4] }, { y: [4, 3] });
    graph.setInitializer('w', float32Tensor([8, 3], wave(24)));
    graph.setInitializer('b', float32Tensor([3], wave(3)));
    graph.addNode({ opType: 'Transpose', name: 'move', inputs: ['x'], outputs: ['a'] });
    graph.addNode({ opType: 'Gemm', name: 'gemm', inputs: ['a', 'w', 'b'], outputs: ['y'] });
    const model = modelOf(graph);
    await recordTypes(model, await runtime());
    const settings = wholeModelSettings(model, CHANNELS);
    expect(calibrationTensors(model, settings)).toEqual(['x', 'a', 'y']);
    expect([...(await observe(model, settings, feedsFor(model))).keys()].sort()).toEqual(['a', 'x', 'y']);
  });
});
