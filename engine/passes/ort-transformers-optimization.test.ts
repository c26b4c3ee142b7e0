import { describe, expect, it } from 'vitest';
import { DataType } from '../graph/data-type.ts';
import { Graph } from '../graph/graph.ts';
import { halvesFromFloats } from '../graph/half.ts';
import type { Model } from '../graph/model.ts';
import { float32Tensor, makeTensor } from '../graph/tensor.ts';
import { tensorType } from '../graph/value.ts';
import { checkModel } from '../onnx/check.ts';
import { ortTransformersOptimization as pass } from './ort-transformers-optimization.ts';
import { graphWith, histogram, modelOf, ONNX_INPUT } from './passes.cases.ts';
import { attentionModel } from './transformers/attention.cases.ts';
import { fixtureModel } from './transformers/fixtures.cases.ts';
import { add, floatFeed, fusedOperators, number, optimize, outputsOf, weight } from './transformers/fusions.cases.ts';

const GPU = { accelerator: 'gpu-dml' };
const bert = (): Promise<Model> => fixtureModel('bert-sdpa-17');
const rules = (report: Awaited<ReturnType<typeof optimize>>['report']): string[] => report.findings.map(({ rule }) => rule);

describe('OrtTransformersOptimization', () => {
  it.each<[string, object, string, RegExp]>([
    ['float16 for the CPU provider', { float16: true }, 'cpu-cpu', /CPU provider has few float16 kernels/],
    ['float16 for TensorRT', { float16: true }, 'gpu-tensorrt', /trt_fp16_enable/],
    ['a GPU on the CPU provider', { use_gpu: true }, 'gpu-cpu', /use_gpu/],
    ["only ONNX Runtime's optimiser, at no level", { only_onnxruntime: true, opt_level: 0 }, 'cpu-cpu', /opt_level 0/],
    ['an attention operator that does not exist', { optimization_options: { attention_op_type: 'Other' } }, 'cpu-cpu', /"Other"/],
    ['a hidden size that heads do not divide', { num_heads: 5, hidden_size: 6 }, 'cpu-cpu', /no multiple/],
    ['a hidden size without heads', { hidden_size: 6 }, 'cpu-cpu', /no multiple/],
  ])('refuses %s', async (_, params, accelerator, message) => {
    const run = optimize(attentionModel(), params, { accelerator });
    await expect(run).rejects.toMatchObject({ code: 'pass-failed', message: expect.stringMatching(message) });
  });

  it.each<[string, string | undefined]>([
    ['an unknown type', 'xlm-roberta'],
    ['no type', undefined],
  ])('leaves a model of %s as it is and says so', async (_, modelType) => {
    const model = attentionModel();
    const { model: result, report } = await optimize(model, { model_type: null }, { modelAttributes: { model_type: modelType } });
    expect(result).toBe(model);
    expect(histogram(result)).toMatchObject({ Softmax: 1 });
    expect(report.findings).toMatchObject([{ rule: 'model-type-unknown', param: 'model_type' }]);
  });

  it.each(['bert', 'distilbert', 'roberta', 'camembert', 'deberta-v2'])('takes a config of %s for a BERT', async (modelType) => {
    const { model } = await optimize(attentionModel(), { model_type: null }, { modelAttributes: { model_type: modelType } });
    expect(histogram(model)).toMatchObject({ Attention: 1 });
  });

  it('leaves types with fusions of their own to Olive, told by the recipe or by the config', async () => {
    const { params, unsupportedReason } = pass.manifest;
    expect(unsupportedReason?.(params.parse({ model_type: 'clip' }), ONNX_INPUT)).toBe(' (model_type clip)');
    expect(unsupportedReason?.(params.parse({ use_gqa: true, float16: true }), ONNX_INPUT)).toBe(' (use_gqa)');
    expect(unsupportedReason?.(params.parse({ model_type: 'nobody' }), ONNX_INPUT)).toBeUndefined();
    const run = optimize(attentionModel(), { model_type: null }, { modelAttributes: { model_type: 'llama' } });
    await expect(run).rejects.toMatchObject({ code: 'unsupported-pass' });
  });

  it('imports the operators it uses and names who fused', async () => {
    const { model } = await optimize(await bert());
    expect(model.opsetImports.get('com.microsoft')).toBe(1);
    expect([model.producerName, model.producerVersion]).toEqual(['onnxruntime.transformers', '']);
    const plain = await optimize(modelOf(reluGraph()));
    expect(plain.model.opsetImports.has('com.microsoft')).toBe(false);
  });

  it('takes any option and says which do nothing', async () => {
    const options = { no_such_option: [1, { two: null }], enable_packed_qkv: true, enable_bias_add: false, attention_op_type: 'Attention' };
    const params = { model_type: null, optimization_options: options };
    const { report } = await optimize(attentionModel(), params, { modelAttributes: { model_type: 'bert' } });
    const dead = report.findings.filter(({ rule }) => rule === 'option-of-other-models');
    expect(dead.map(({ member }) => member)).toEqual(['.attention_op_type', '.enable_packed_qkv']);
    expect(rules((await optimize(attentionModel(), { optimization_options: options })).report)).toEqual(['mask-by-length']);
  });

  it('stops between steps when it is aborted', async () => {
    await expect(optimize(attentionModel(), {}, { signal: AbortSignal.abort() })).rejects.toThrow(/abort/i);
  });
});

function reluGraph(): Graph {
  const graph = graphWith({ x: ['n', 4] });
  graph.addOutput(add(graph, 'Relu', ['x']), undefined);
  return graph;
}

describe("ONNX Runtime's own optimiser", () => {
  /** A product with a bias of fixed shape, which the optimiser makes a Gemm, and a constant that it folds. */
  function foldable(): Model {
    const graph = graphWith({ x: [3, 4] });
    const sum = add(graph, 'Add', [add(graph, 'MatMul', ['x', weight(graph, 4, 5)]), weight(graph, 5)]);
    graph.addOutput(add(graph, 'Mul', [sum, add(graph, 'Sqrt', [number(graph, 2)])]), undefined);
    return modelOf(graph);
  }
  const operators = async (params: object, accelerator = 'cpu-cpu') =>
    histogram((await optimize(foldable(), params, { accelerator })).model);

  it('comes first, at level 1 unless the recipe says otherwise', async () => {
    expect(await operators({ opt_level: 0 })).toEqual({ Add: 1, MatMul: 1, Mul: 1, Sqrt: 1 });
    expect(await operators({ opt_level: null })).toEqual({ Gemm: 1, Mul: 1 });
  });

  it('leaves out what would hide later fusions from level 2 on, unless nothing follows', async () => {
    expect(await operators({ opt_level: 2 })).toEqual({ Add: 1, MatMul: 1, Mul: 1 });
    expect(await operators({ opt_level: 2, only_onnxruntime: true })).toEqual({ Gemm: 1, Mul: 1 });
  });

  it('is all there is when the recipe wants nothing else', async () => {
    const { model, report } = await optimize(await bert(), { opt_level: 1, only_onnxruntime: true });
    expect(histogram(model)).toMatchObject({ Erf: 2, Softmax: 2 });
    expect([model.producerName, report.counts]).toEqual(['pytorch', {}]);
  });

  it('does for a GPU what does not depend on it, and nothing for float16 models', async () => {
    expect(await operators({ opt_level: 1 }, 'gpu-cuda')).toEqual({ Gemm: 1, Mul: 1 });
    const { model, report } = await optimize(foldable(), { opt_level: 99 }, { accelerator: 'gpu-cuda' });
    expect(histogram(model)).toMatchObject({ MatMul: 1 });
    expect(report.findings).toMatchObject([
      { rule: 'optimizer-left-out', param: 'opt_level', message: expect.stringContaining('level 99') },
    ]);
    expect(rules((await optimize(halfModel(), { opt_level: 1 }, GPU)).report)).toEqual(['optimizer-left-out']);
    expect(rules((await optimize(halfModel(), { opt_level: 1 })).report)).toEqual([]);
  });
});

function halfModel(): Model {
  const graph = new Graph('half');
  graph.addInput('x', tensorType(DataType.FLOAT16, [2]));
  graph.setInitializer('w', makeTensor(DataType.FLOAT16, [2], halvesFromFloats(Float32Array.of(1, 2))));
  graph.addOutput(add(graph, 'Add', ['x', 'w']), undefined);
  return modelOf(graph);
}

describe('float16', () => {
  it('follows the fusions, keeps inputs and outputs by default, and is near', async () => {
    const before = await outputsOf(attentionModel(), ATTENTION);
    const { model } = await optimize(attentionModel(), { float16: true }, GPU);
    checkModel(model, 'model');
    expect(histogram(model)).toEqual({ Attention: 1, Cast: 3, ReduceSum: 1 });
    const after = await outputsOf(model, ATTENTION);
    const [expected] = Object.values(before);
    const [actual] = Object.values(after);
    expect([actual?.dtype, actual?.dims]).toEqual(['float32', expected?.dims]);
    expected?.data.forEach((value, index) => {
      expect(Number(actual?.data[index])).toBeCloseTo(Number(value), 2);
    });
  });

  it('changes the types of inputs and outputs when told to', async () => {
    const { model } = await optimize(attentionModel(), { float16: true, keep_io_types: false }, GPU);
    const types = [...model.graph.inputs, ...model.graph.outputs].map(({ type }) => type?.kind === 'tensor' && type.dataType);
    expect(types).toEqual([DataType.FLOAT16, DataType.INT64, DataType.FLOAT16]);
    expect(histogram(model)).toEqual({ Attention: 1, Cast: 1, ReduceSum: 1 });
  });

  it("takes ONNX Runtime's limits, wider than those of OnnxFloatToFloat16", async () => {
    const graph = graphWith({ x: [4] });
    graph.setInitializer('extremes', float32Tensor([4], [-3.4e38, 60000, 1e-8, 1]));
    graph.addOutput(add(graph, 'Add', ['x', 'extremes']), undefined);
    const { model } = await optimize(modelOf(graph), { float16: true, keep_io_types: false }, GPU);
    const tensor = model.graph.initializers.get('extremes');
    expect(tensor && [...new Uint16Array(tensor.bytes.slice().buffer)]).toEqual([0xfbff, 0x7b53, 1, 0x3c00]);
  });

  it('spares the operators and nodes that the recipe names', async () => {
    const make = (): Model => {
      const graph = reluGraph();
      graph.addNode({ opType: 'Neg', name: 'spared', inputs: ['x'], outputs: ['y'] });
      graph.addOutput('y', undefined);
      return modelOf(graph);
    };
    const castsFor = async (params: object): Promise<unknown> =>
      histogram((await optimize(make(), { float16: true, keep_io_types: false, ...params }, GPU)).model)['Cast'];
    expect(await castsFor({})).toBeUndefined();
    expect(await castsFor({ force_fp32_ops: ['Relu'] })).toBe(2);
    expect(await castsFor({ force_fp32_nodes: ['spared'] })).toBe(2);
    expect(await castsFor({ force_fp32_ops: ['Relu'], force_fp32_nodes: ['spared'] })).toBe(3);
  });

  it('makes inputs float16 that are float32 by default, when forced to', async () => {
    const make = (): Model => {
      const graph = graphWith({ x: [1, 1, 2, 2] });
      graph.setInitializer('scales', float32Tensor([4], [1, 1, 2, 2]));
      graph.addOutput(add(graph, 'Resize', ['x', '', 'scales']), undefined);
      return modelOf(graph);
    };
    const typeFor = async (params: object): Promise<unknown> =>
      (await optimize(make(), { float16: true, ...params }, GPU)).model.graph.initializers.get('scales')?.dataType;
    expect(await typeFor({})).toBe(DataType.FLOAT);
    expect(await typeFor({ force_fp16_inputs: { Resize: [2] } })).toBe(DataType.FLOAT16);
  });
});

const ATTENTION = {
  x: floatFeed(2, 5, 6),
  mask: { dtype: 'int64', dims: [2, 5], data: new BigInt64Array(10).fill(1n) },
} as const;

describe('odd models', () => {
  it('keep what a body reads', async () => {
    const make = (): Model => {
      const graph = graphWith({ x: [2, 4] });
      graph.addInput('yes', tensorType(DataType.BOOL, []));
      const same = add(graph, 'Identity', ['x']);
      const branch = (opType: string): Graph => {
        const body = new Graph(opType);
        body.addNode({ opType, inputs: [same], outputs: [`${opType} out`] });
        body.addOutput(`${opType} out`, tensorType(DataType.FLOAT, [2, 4]));
        return body;
      };
      const attributes = {
        then_branch: { kind: 'graph', value: branch('Relu') },
        else_branch: { kind: 'graph', value: branch('Neg') },
      } as const;
      graph.addNode({ opType: 'If', inputs: ['yes'], outputs: ['y'], attributes });
      graph.addOutput('y', tensorType(DataType.FLOAT, [2, 4]));
      return modelOf(graph);
    };
    const feeds = { x: floatFeed(2, 4), yes: { dtype: 'bool', dims: [], data: Uint8Array.of(1) } } as const;
    expect(await fusedOperators(make, { feeds })).toEqual({ If: 1, Neg: 1, Relu: 1 });
  });

  it('keep sizes of zero and outputs that are inputs or constants', async () => {
    const make = (): Model => {
      const graph = graphWith({ x: [0, 3, 4] });
      const sum = add(graph, 'Add', ['x', add(graph, 'Relu', ['x'])]);
      graph.addOutput(add(graph, 'LayerNormalization', [sum, weight(graph, 4), weight(graph, 4)]), undefined);
      graph.addOutput('x', tensorType(DataType.FLOAT, [0, 3, 4]));
      graph.addOutput(weight(graph, 2), tensorType(DataType.FLOAT, [2]));
      return modelOf(graph);
    };
    expect(await fusedOperators(make, { feeds: { x: { dtype: 'float32', dims: [0, 3, 4], data: new Float32Array() } } })).toMatchObject({
      Relu: 1,
    });
  });

  it('are refused with a reason when ONNX Runtime does not take them', async () => {
    const graph = reluGraph();
    graph.addNode({ opType: 'NoSuchOperator', domain: 'example.org', inputs: ['x'], outputs: ['odd'] });
    for (const params of [{ opt_level: 0 }, { opt_level: 1 }]) {
      await expect(optimize(modelOf(graph), params)).rejects.toMatchObject({ code: expect.stringMatching(/session-failed|invalid-onnx/) });
    }
  });

  it('do without shapes that no supposed size fits', async () => {
    const make = (): Model => {
      const graph = graphWith({ x: ['even', 4] });
      const halves = add(graph, 'Reshape', ['x', shapeOf(graph, [2, -1, 4])]);
      const sum = add(graph, 'Add', [halves, add(graph, 'Relu', [halves])]);
      graph.addOutput(add(graph, 'LayerNormalization', [sum, weight(graph, 4), weight(graph, 4)]), undefined);
      return modelOf(graph);
    };
    expect(await fusedOperators(make, { feeds: { x: floatFeed(6, 4) } })).toMatchObject({ Relu: 1, Reshape: 1 });
  });
});

function shapeOf(graph: Graph, values: readonly number[]): string {
  const name = graph.freshName('shape');
  graph.setInitializer(name, makeTensor(DataType.INT64, [values.length], BigInt64Array.from(values, BigInt)));
  return name;
}
