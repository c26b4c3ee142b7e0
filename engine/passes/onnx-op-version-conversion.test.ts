import { describe, expect, it } from 'vitest';
import { floatAttribute, intAttribute, intsAttribute, stringAttribute, tensorAttribute } from '../graph/attribute.ts';
import { DataType } from '../graph/data-type.ts';
import { type Attribute, Graph } from '../graph/graph.ts';
import { createModel, irVersionFor, type Model } from '../graph/model.ts';
import { type Tensor as Constant, float32Tensor, int64Tensor, makeTensor } from '../graph/tensor.ts';
import { type Dim, tensorType } from '../graph/value.ts';
import { checkModel } from '../onnx/check.ts';
import type { NamedTensors, Tensor } from '../runtime/tensor.ts';
import { onnxOpVersionConversion } from './onnx-op-version-conversion.ts';
import { CHANGED_OPERATORS } from './opset/operator-history.ts';
import type { PassReport } from './pass.ts';
import { graphWith, ONNX_INPUT, passContext, runOnce } from './passes.cases.ts';

async function convert(model: Model, target_opset: number): Promise<PassReport> {
  const params = onnxOpVersionConversion.manifest.params.parse({ target_opset });
  const { report } = await onnxOpVersionConversion.run(model, params, await passContext());
  checkModel(model);
  return report;
}

/** One node. Inputs are float32 of these dims, constants, or left out. */
interface Case {
  readonly inputs: readonly (readonly number[] | Constant | '')[];
  readonly attributes?: Readonly<Record<string, Attribute>>;
  readonly outputs?: number;
  /** Operator sets between which the node goes up; the first and the last by default. */
  readonly from?: number;
  readonly to?: number;
  /** Whether it also comes down again. */
  readonly down?: boolean;
}

const longs = (...values: number[]) => int64Tensor([values.length], values);
const floats = (...values: number[]) => float32Tensor([values.length], values);
const square = [2, 3] as const;
const image = [1, 1, 4, 4] as const;
const step = { axis: intAttribute(0) };

const reduction: Case = { inputs: [square], attributes: { axes: intsAttribute([1]), keepdims: intAttribute(0) } };
const recurrent = (gates: number): Case => ({
  inputs: [
    [2, 1, 3],
    float32Tensor([1, gates * 2, 3], Array(gates * 6).fill(0.1)),
    float32Tensor([1, gates * 2, 2], Array(gates * 4).fill(-0.2)),
  ],
  attributes: { hidden_size: intAttribute(2) },
});
const comparison: Case = { inputs: [square, floats(0.1, 0.2, 0.3)] };

const CASES: Readonly<Record<string, Case>> = {
  Add: { inputs: [square, square] },
  AveragePool: { inputs: [image], attributes: { kernel_shape: intsAttribute([2, 2]) } },
  BatchNormalization: { inputs: [[1, 2, 2], floats(1, 2), floats(0, 1), floats(0.5, 0), floats(1, 4)] },
  Cast: { inputs: [square], attributes: { to: intAttribute(DataType.INT32) } },
  CastLike: { inputs: [square, longs(1)], from: 15 },
  Constant: { inputs: [], attributes: { value: tensorAttribute(floats(1, 2)) } },
  ConstantOfShape: { inputs: [longs(2, 2)], attributes: { value: tensorAttribute(floats(3)) } },
  CumSum: { inputs: [square, int64Tensor([], [1])] },
  DequantizeLinear: {
    inputs: [
      makeTensor(DataType.UINT8, [2], Uint8Array.of(3, 9)),
      float32Tensor([], [0.5]),
      makeTensor(DataType.UINT8, [], Uint8Array.of(4)),
    ],
  },
  Div: { inputs: [square, floats(2, 3, 4)] },
  Equal: comparison,
  Flatten: { inputs: [image], attributes: { axis: intAttribute(2) } },
  GRU: recurrent(3),
  GreaterOrEqual: comparison,
  GridSample: { inputs: [image, [1, 2, 2, 2]], attributes: { mode: stringAttribute('bicubic') }, from: 16, down: false },
  Identity: { inputs: [square] },
  IsInf: { inputs: [floats(1, Number.POSITIVE_INFINITY)] },
  IsNaN: { inputs: [floats(1, Number.NaN)] },
  LSTM: recurrent(4),
  LeakyRelu: { inputs: [square], attributes: { alpha: floatAttribute(0.2) } },
  LessOrEqual: comparison,
  LpPool: { inputs: [image], attributes: { kernel_shape: intsAttribute([2, 2]) } },
  Mul: { inputs: [square, square] },
  PRelu: { inputs: [square, floats(0.1, 0.2, 0.3)] },
  Pad: { inputs: [square, longs(0, 1, 1, 0)] },
  Pow: { inputs: [square, float32Tensor([], [2])] },
  QuantizeLinear: { inputs: [square, float32Tensor([], [0.1]), makeTensor(DataType.UINT8, [], Uint8Array.of(128))] },
  RNN: recurrent(1),
  ReduceL1: reduction,
  ReduceL2: reduction,
  ReduceLogSum: { inputs: [floats(1, 2, 3)], attributes: { axes: intsAttribute([0]) } },
  ReduceLogSumExp: reduction,
  ReduceMax: reduction,
  ReduceMean: { inputs: [square], attributes: { axes: intsAttribute([-1, 0]) } },
  ReduceMin: { inputs: [square] },
  ReduceProd: reduction,
  ReduceSumSquare: reduction,
  Relu: { inputs: [square] },
  Reshape: { inputs: [square, longs(0, -1)] },
  Resize: { inputs: [image, '', floats(1, 1, 2, 1.5)], attributes: { mode: stringAttribute('linear') } },
  RoiAlign: {
    inputs: [image, float32Tensor([1, 4], [0, 0, 3, 3]), longs(0)],
    attributes: { output_height: intAttribute(2), output_width: intAttribute(2) },
  },
  ScatterElements: { inputs: [square, int64Tensor([1, 1], [1]), float32Tensor([1, 1], [9])], attributes: step },
  ScatterND: { inputs: [square, int64Tensor([1, 1], [1]), float32Tensor([1, 3], [7, 8, 9])] },
  Shape: { inputs: [square] },
  Size: { inputs: [square] },
  Split: { inputs: [[4, 2]], outputs: 2, down: false },
  Squeeze: { inputs: [image, longs(0, 1)] },
  Sub: { inputs: [square, square] },
  Transpose: { inputs: [square], attributes: { perm: intsAttribute([1, 0]) } },
  Unsqueeze: { inputs: [square, longs(1)] },
  Where: { inputs: [makeTensor(DataType.BOOL, [3], Uint8Array.of(1, 0, 1)), square, floats(1, 2, 3)] },
};

/** Changed operators for which there is no case above, with the reason. */
const APART: readonly string[] = [
  // Refused across their new definitions.
  'DFT',
  'GroupNormalization',
  // Hold bodies: below.
  'If',
  'Loop',
  'Scan',
  // Not of the range from its first version on: they exist unchanged once they exist, or ONNX Runtime's CPU provider lacks them.
  'OptionalGetElement',
  'OptionalHasElement',
  'QLinearMatMul',
];

function modelOf(opType: string, { inputs, attributes = {}, outputs = 1, from = 13 }: Case): Model {
  const graph = graphWith({});
  const names = inputs.map((input, index) => {
    if (input === '') return '';
    const name = `x${index}`;
    if ('bytes' in input) graph.setInitializer(name, input);
    else graph.addInput(name, tensorType(DataType.FLOAT, input));
    return name;
  });
  const results = Array.from({ length: outputs }, (_, index) => `y${index}`);
  graph.addNode({ opType, name: 'node', inputs: names, outputs: results, attributes });
  for (const result of results) graph.addOutput(result, undefined);
  return createModel(graph, { irVersion: irVersionFor(from), opsetImports: [['', from]] });
}

function feedsOf({ graph }: Model): NamedTensors {
  return Object.fromEntries(graph.inputs.map(({ name, type }) => [name, wave(type?.kind === 'tensor' ? (type.dims ?? []) : [])]));
}

function wave(dims: readonly Dim[]): Tensor {
  const sizes = dims.map(Number);
  const length = sizes.reduce((product, size) => product * size, 1);
  return { dtype: 'float32', dims: sizes, data: Float32Array.from({ length }, (_, index) => Math.sin(index * 1.7)) };
}

/** Another version of an operator may be another kernel, which adds up in another order. */
function expectClose(actual: NamedTensors, expected: NamedTensors): void {
  for (const [name, { dtype, data }] of Object.entries(expected)) {
    const result = actual[name];
    if (dtype !== 'float32') expect(result).toEqual(expected[name]);
    else for (const [index, value] of data.entries()) expect(Number(result?.data[index])).toBeCloseTo(value, 6);
  }
}

const NEWEST = 21;

describe('OnnxOpVersionConversion', () => {
  it('has a case for every operator that changed', () => {
    const plain = Object.keys(CHANGED_OPERATORS).filter((name) => Object.keys(CHANGED_OPERATORS[name]?.changes ?? {}).length > 0);
    expect([...Object.keys(CASES), ...APART].sort()).toEqual(plain.sort());
  });

  it.each(Object.entries(CASES))('%s computes the same up and down', async (opType, item) => {
    const { from = 13, to = NEWEST, down = true } = item;
    const model = modelOf(opType, item);
    const feeds = feedsOf(model);
    const { outputs } = await runOnce(model, feeds);
    await convert(model, to);
    expect(model.opsetImports.get('')).toBe(to);
    expectClose((await runOnce(model, feeds)).outputs, outputs);
    if (!down) {
      await expect(convert(model, from)).rejects.toThrow(opType);
      return;
    }
    await convert(model, from);
    expect((await runOnce(model, feeds)).outputs).toEqual(outputs);
  });

  it('stops at every operator set between', async () => {
    for (let to = 13; to <= NEWEST; to++) {
      const model = modelOf('ReduceMax', reduction);
      const { outputs } = await runOnce(model, feedsOf(model));
      const { counts } = await convert(model, to).catch((error: unknown) => {
        throw new Error(`at ${to}`, { cause: error });
      });
      expect(counts).toEqual({ nodesRewritten: to >= 18 ? 1 : 0 });
      expect((await runOnce(model, feedsOf(model))).outputs).toEqual(outputs);
    }
  });

  it('follows into bodies', async () => {
    const graph = graphWith({ x: [2, 3] });
    graph.addInput('flag', tensorType(DataType.BOOL, []));
    const branch = (name: string, opType: string) => {
      const body = new Graph(name);
      body.addNode({ opType, inputs: ['x'], outputs: [`${name}_y`], attributes: { axes: intsAttribute([1]) } });
      body.addOutput(`${name}_y`, tensorType(DataType.FLOAT, [2, 1]));
      return { kind: 'graph', value: body } as const;
    };
    const attributes = { then_branch: branch('then', 'ReduceMax'), else_branch: branch('else', 'ReduceMin') };
    graph.addNode({ opType: 'If', name: 'choose', inputs: ['flag'], outputs: ['y'], attributes });
    graph.addOutput('y', undefined);
    const model = createModel(graph, { irVersion: 7, opsetImports: [['ai.onnx', 13]] });
    const feeds = { x: wave([2, 3]), flag: { dtype: 'bool', dims: [], data: Uint8Array.of(1) } } as const;
    const { outputs } = await runOnce(model, feeds);
    expect((await convert(model, 20)).counts).toEqual({ nodesRewritten: 2 });
    expect((await runOnce(model, feeds)).outputs).toEqual(outputs);
    expect([...model.opsetImports]).toEqual([['ai.onnx', 20]]);
    expect(model.irVersion).toBe(9);
    await convert(model, 13);
    expect((await runOnce(model, feeds)).outputs).toEqual(outputs);
  });

  it.each<[string, string, Case, number]>([
    [
      'a new definition',
      'GroupNormalization',
      { inputs: [[1, 2, 2], floats(1), floats(0)], attributes: { num_groups: intAttribute(1) }, from: 18 },
      21,
    ],
    ['ceil_mode', 'AveragePool', { inputs: [image], attributes: { kernel_shape: intsAttribute([3, 3]), ceil_mode: intAttribute(1) } }, 21],
    ['training', 'BatchNormalization', { inputs: [[1, 1, 2], floats(1), floats(0), floats(0), floats(1)], outputs: 5 }, 15],
    ['an operator nobody knows', 'SimplifiedLayerNormalization', { inputs: [square, floats(1, 1, 1)] }, 17],
    ['an operator of a newer set', 'Gelu', { inputs: [square], from: 20 }, 17],
    [
      'a newer type',
      'Add',
      { inputs: [makeTensor(DataType.INT8, [1], Int8Array.of(1)), makeTensor(DataType.INT8, [1], Int8Array.of(1))], from: 14 },
      13,
    ],
    ['a newer attribute', 'Shape', { inputs: [square], attributes: { start: intAttribute(1) }, from: 15 }, 13],
    ['a newer input', 'Pad', { inputs: [square, longs(1, 1), '', longs(0)], from: 18 }, 17],
    ['a newer mode', 'Pad', { inputs: [square, longs(1, 1, 1, 1)], attributes: { mode: stringAttribute('wrap') }, from: 19 }, 18],
    ['another default', 'RoiAlign', { inputs: [image, [1, 4], longs(0)], from: 16 }, 15],
  ])('refuses %s by the name of the operator, and changes nothing', async (_, opType, item, to) => {
    const model = modelOf(opType, item);
    const before = JSON.stringify([...model.graph.nodes], (_key, value) => (typeof value === 'bigint' ? String(value) : value));
    await expect(convert(model, to)).rejects.toMatchObject({ code: 'pass-failed', message: expect.stringContaining(opType) });
    expect(JSON.stringify([...model.graph.nodes], (_key, value) => (typeof value === 'bigint' ? String(value) : value))).toBe(before);
    expect(model.opsetImports.get('')).toBe(item.from ?? 13);
  });

  it('refuses to bring computed axes down', async () => {
    const model = modelOf('ReduceMax', { inputs: [square, longs(1)], from: 18 });
    model.graph.removeInitializer('x1');
    model.graph.addInput('x1', tensorType(DataType.INT64, [1]));
    await expect(convert(model, 17)).rejects.toThrow('ReduceMax "node": its axes are no constant');
  });

  it('lists a few obstacles of many', async () => {
    const model = modelOf('Gelu', { inputs: [square], from: 20 });
    for (let index = 0; index < 6; index++) {
      model.graph.addNode({ opType: 'Gelu', inputs: ['y0'], outputs: [`z${index}`] });
    }
    await expect(convert(model, 17)).rejects.toThrow('and 2 more');
  });

  it.each([7, 12, 22])('refuses models of operator set %d', async (opset) => {
    const { graph } = modelOf('Relu', { inputs: [square] });
    await expect(convert(createModel(graph, { irVersion: 10, opsetImports: [['', opset]] }), 17)).rejects.toThrow(`set ${opset}`);
  });

  it('refuses models with functions of their own', async () => {
    const model = {
      ...modelOf('Relu', { inputs: [square] }),
      functions: [{ domain: 'f', name: 'f', overload: '', encoded: new Uint8Array() }],
    };
    const params = onnxOpVersionConversion.manifest.params.parse({ target_opset: 17 });
    await expect(onnxOpVersionConversion.run(model, params, await passContext())).rejects.toThrow('functions');
  });

  it('says that there is nothing to do', async () => {
    const { findings } = await convert(modelOf('Relu', { inputs: [square] }), 13);
    expect(findings).toEqual([{ rule: 'opset-unchanged', message: 'the model is of operator set 13 already', param: 'target_opset' }]);
  });

  it('leaves other operator sets to Olive', () => {
    const { params, unsupportedReason } = onnxOpVersionConversion.manifest;
    expect(unsupportedReason?.(params.parse({}), ONNX_INPUT)).toBe(' (target_opset 26)');
    expect(unsupportedReason?.(params.parse({ target_opset: 17 }), ONNX_INPUT)).toBeUndefined();
  });
});
