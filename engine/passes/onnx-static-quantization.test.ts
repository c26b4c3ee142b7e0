import { describe, expect, it } from 'vitest';
import { GroveError } from '../../domain/errors.ts';
import { onnxStaticQuantization as manifest } from '../../domain/passes/onnx-static-quantization.ts';
import { DataType } from '../graph/data-type.ts';
import type { Model } from '../graph/model.ts';
import { float32Tensor, float32Values, int64Tensor } from '../graph/tensor.ts';
import { tensorType } from '../graph/value.ts';
import type { InferenceRuntime } from '../runtime/inference-runtime.ts';
import type { NamedTensors } from '../runtime/tensor.ts';
import { onnxStaticQuantization as pass } from './onnx-static-quantization.ts';
import type { PassContext, PassResult } from './pass.ts';
import { constant, graphWith, histogram, modelOf, passContext, runOnce, runtime } from './passes.cases.ts';

/** Two linear layers with a transposition between them. */
function layers(): Model {
  const graph = graphWith({ x: [2, 3] });
  graph.setInitializer('w', float32Tensor([3, 4], [1, -2, 3, 0.5, 0.25, 1, -1, 2, 1.5, 0, 1, -0.5]));
  graph.setInitializer('v', float32Tensor([2, 3], [0.5, -1, 1, 2, 0.1, -0.2]));
  graph.addNode({ opType: 'MatMul', name: 'first', inputs: ['x', 'w'], outputs: ['h'] });
  graph.addNode({ opType: 'Transpose', name: 'turn', inputs: ['h'], outputs: ['t'] });
  graph.addNode({ opType: 'MatMul', name: 'second', inputs: ['t', 'v'], outputs: ['m'] });
  graph.addNode({ opType: 'Softmax', name: 'softmax', inputs: ['m'], outputs: ['y'] });
  graph.addOutput('y', tensorType(DataType.FLOAT, [4, 3]));
  return modelOf(graph);
}

const rows = [
  [1, -1, 0.5, 2, 0, -2],
  [0.5, 1.5, -1.5, -0.25, 1, 1],
];
const feeds = (values: readonly number[]): NamedTensors => ({ x: { dtype: 'float32', dims: [2, 3], data: Float32Array.from(values) } });

async function context(changes: Partial<PassContext> = {}): Promise<PassContext> {
  async function* data(name: string): AsyncGenerator<NamedTensors> {
    if (name !== 'rows') throw new GroveError('unsupported-data', { name, problem: 'there are no such rows' });
    for (const values of rows) yield feeds(values);
  }
  return { ...(await passContext()), accelerator: 'npu-vitisai', data, ...changes };
}

async function quantize(params: object = {}, changes: Partial<PassContext> = {}, model = layers()): Promise<PassResult> {
  return pass.run(model, manifest.params.parse({ data_config: 'rows', ...params }), await context(changes));
}

async function worstDifference(model: Model): Promise<number> {
  const differences = await Promise.all(
    rows.map(async (values) => {
      const [before, after] = [await runOnce(layers(), feeds(values)), await runOnce(model, feeds(values))];
      const [expected, actual] = [before.outputs['y'], after.outputs['y']];
      if (expected?.dtype !== 'float32' || actual?.dtype !== 'float32') throw new Error('not float32');
      return Math.max(...expected.data.map((value, index) => Math.abs(value - (actual.data[index] ?? 0))));
    }),
  );
  return Math.max(...differences);
}

function scaleOf({ graph }: Model, tensor: string): number {
  const scale = graph.initializers.get(`${tensor}_scale`);
  return scale === undefined ? Number.NaN : (float32Values(scale)[0] ?? Number.NaN);
}

describe('OnnxStaticQuantization', () => {
  it('quantises all of a model with ranges from data, nearly without loss at 16 bits', async () => {
    const { model, report } = await quantize({ activation_type: 'uint16', precision: 'uint8' });
    expect(histogram(model)).toEqual({ MatMul: 2, Transpose: 1, Softmax: 1, QuantizeLinear: 5, DequantizeLinear: 7 });
    expect(report.counts).toMatchObject({ quantizeNodes: 5, dequantizeNodes: 7, weights: 2 });
    expect(await worstDifference(model)).toBeLessThan(0.02);
    // The widest input is -2 to 2; a transposed value shares what it was made of.
    expect(scaleOf(model, 'x')).toBe(Math.fround(4 / 65535));
    expect([...model.graph.nodes].filter(({ domain }) => domain === 'com.microsoft')).toHaveLength(12);
    expect(model.metadata).toEqual(
      new Map([
        ['onnx.quant.pre_process', 'onnxruntime.quant'],
        ['onnx.infer', 'onnxruntime.quant'],
      ]),
    );
    expect(model.producerName).toBe('onnx.quantize');
  });

  it('takes int8 for both by default, in the standard domain', async () => {
    const { model } = await quantize();
    expect(model.graph.initializers.get('w_quantized')?.dataType).toBe(DataType.INT8);
    expect([...model.graph.nodes].filter(({ domain }) => domain !== '')).toEqual([]);
    expect(await worstDifference(model)).toBeLessThan(0.05);
  });

  it('follows the rules of QNN for QNN', async () => {
    const narrow = { ...feeds([]), x: { dtype: 'float32', dims: [2, 3], data: new Float32Array(6).fill(1e-6) } } as const;
    async function* data(): AsyncGenerator<NamedTensors> {
      yield narrow;
    }
    const qnn = await quantize({ min_real_range: 0.5 }, { accelerator: 'npu-qnn', data });
    const other = await quantize({ min_real_range: 0.5 }, { data });
    expect([scaleOf(qnn.model, 'x'), scaleOf(other.model, 'x')]).toEqual([Math.fround(Math.fround(1e-4) / 255), Math.fround(0.5 / 255)]);
  });

  it('quantises only operators with a rule of their own when the configuration is not prepared', async () => {
    const { model } = await quantize({ prepare_qdq_config: false, nodes_to_quantize: ['first'] });
    expect(scaleOf(model, 'h')).not.toBeNaN();
    expect(scaleOf(model, 'm')).toBeNaN();
    const all = await quantize({ prepare_qdq_config: true, nodes_to_quantize: ['first'] });
    expect(scaleOf(all.model, 'm')).not.toBeNaN();
  });

  it('leaves out what it is told to, by type and by name', async () => {
    const byName = await quantize({ nodes_to_exclude: ['second', 'softmax'] });
    expect(scaleOf(byName.model, 'm')).toBeNaN();
    const byType = await quantize({ op_types_to_exclude: ['Softmax'] });
    expect([scaleOf(byType.model, 'y'), scaleOf(byType.model, 'm')]).toEqual([Number.NaN, expect.any(Number)]);
    const only = await quantize({ op_types_to_quantize: ['Softmax'] });
    expect(Object.keys(only.report.counts)).toContain('weights');
    expect(scaleOf(only.model, 'x')).toBeNaN();
  });

  it('takes means of extremes for a moving average, and symmetric ranges where calibration is to be symmetric', async () => {
    const mean = await quantize({ extra_options: { CalibMovingAverage: true } });
    expect(scaleOf(mean.model, 'x')).toBeCloseTo((2 + 1.5 + 2 + 1.5) / 2 / 255, 6);
    const symmetric = await quantize({ extra_options: { CalibTensorRangeSymmetric: true } });
    const plain = await quantize();
    expect(scaleOf(symmetric.model, 'h')).toBeGreaterThan(scaleOf(plain.model, 'h'));
  });

  it('computes Entropy as MinMax, whatever options MinMax alone reads', async () => {
    const entropy = await quantize({ calibrate_method: 'Entropy', extra_options: { CalibMovingAverage: true } });
    expect(entropy.model.graph.initializers).toEqual((await quantize()).model.graph.initializers);
  });

  it('gives tensors what their overrides say', async () => {
    const { model } = await quantize({
      activation_type: 'uint8',
      tensor_quant_overrides: { x: [{ scale: 0.5, zero_point: 100 }], h: [{ quant_type: 'QUInt16' }], w: [{ symmetric: true }] },
    });
    expect(scaleOf(model, 'x')).toBe(0.5);
    expect(model.graph.initializers.get('x_zero_point')?.bytes[0]).toBe(100);
    expect(model.graph.initializers.get('h_zero_point')?.dataType).toBe(DataType.UINT16);
  });

  it('leaves the graph alone without preprocessing, and prepares it otherwise', async () => {
    const shaped = (): Model => {
      const model = layers();
      constant(model.graph, 'shape', int64Tensor([2], [3, 4]));
      model.graph.addNode({ opType: 'Reshape', inputs: ['y', 'shape'], outputs: ['z'] });
      model.graph.addOutput('z', tensorType(DataType.FLOAT, [3, 4]));
      return model;
    };
    const kept = await quantize({ quant_preprocess: false }, {}, shaped());
    expect([histogram(kept.model)['Constant'], kept.model.metadata.has('onnx.quant.pre_process')]).toEqual([1, false]);
    const prepared = await quantize({}, {}, shaped());
    expect(histogram(prepared.model)['Constant']).toBeUndefined();
  });

  it('quantises the model as it is when preprocessing fails, and says so', async () => {
    const { model, report } = await quantize({}, { runtime: await withoutOptimizer() });
    expect(report.findings).toEqual([
      { rule: 'preprocessing-failed', message: expect.stringContaining('no optimiser today'), param: 'quant_preprocess' },
    ]);
    expect(histogram(model)['QuantizeLinear']).toBe(5);
  });

  it('leaves a model with adapters as it is', async () => {
    const model = layers();
    for (const node of model.graph.nodes) if (node.name === 'first') node.name = 'base/lora_A/MatMul';
    const { report } = await quantize({}, {}, model);
    expect([report.findings.map(({ rule }) => rule), histogram(model)['QuantizeLinear']]).toEqual([['adapters-not-quantized'], undefined]);
  });

  it('tells what stayed float, and why', async () => {
    const model = layers();
    model.graph.addNode({ opType: 'Mul', inputs: ['x', 'nothing'], outputs: ['u'] });
    model.graph.setInitializer('nothing', float32Tensor([1], [Number.POSITIVE_INFINITY]));
    model.graph.addOutput('u', tensorType(DataType.FLOAT, [2, 3]));
    const { report } = await quantize({}, {}, model);
    expect(report.left).toContainEqual({ what: 'tensors', count: expect.any(Number), why: 'value not finite' });
  });

  it('passes on what is wrong with the data', async () => {
    await expect(quantize({ data_config: 'other' })).rejects.toMatchObject({ code: 'unsupported-data' });
  });
});

/** The runtime, but for sessions that write an optimised model. */
async function withoutOptimizer(): Promise<InferenceRuntime> {
  const inner = await runtime();
  return {
    info: () => inner.info(),
    async createSession(request) {
      if (request.settings?.optimizedModelPath === undefined) return inner.createSession(request);
      throw new GroveError('session-failed', { ep: request.ep, problem: 'no optimiser today' });
    },
  };
}
