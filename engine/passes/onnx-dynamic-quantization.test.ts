import { describe, expect, it } from 'vitest';
import { onnxDynamicQuantization as manifest } from '../../domain/passes/onnx-dynamic-quantization.ts';
import { onnxQuantization as eitherManifest } from '../../domain/passes/onnx-quantization.ts';
import { DataType } from '../graph/data-type.ts';
import type { Model } from '../graph/model.ts';
import { float32Tensor } from '../graph/tensor.ts';
import { tensorType } from '../graph/value.ts';
import type { NamedTensors } from '../runtime/tensor.ts';
import { onnxDynamicQuantization as pass } from './onnx-dynamic-quantization.ts';
import { onnxQuantization as either } from './onnx-quantization.ts';
import type { PassContext } from './pass.ts';
import { graphWith, histogram, modelOf, passContext, runOnce } from './passes.cases.ts';

const feeds: NamedTensors = { x: { dtype: 'float32', dims: [2, 3], data: Float32Array.of(1, -2, 3, 4, 5, -6) } };

/** A linear layer and a product of activations. */
function model(): Model {
  const graph = graphWith({ x: [2, 3] });
  graph.setInitializer('w', float32Tensor([3, 3], [1, 2, 3, 4, 5, 6, -7, -8, 9]));
  graph.setInitializer('b', float32Tensor([3], [0.5, -0.5, 0.25]));
  graph.addNode({ opType: 'MatMul', name: 'linear', inputs: ['x', 'w'], outputs: ['h'] });
  graph.addNode({ opType: 'Add', name: 'bias', inputs: ['h', 'b'], outputs: ['s'] });
  graph.addNode({ opType: 'Transpose', name: 'turn', inputs: ['s'], outputs: ['t'] });
  graph.addNode({ opType: 'MatMul', name: 'scores', inputs: ['s', 't'], outputs: ['y'] });
  graph.addOutput('y', tensorType(DataType.FLOAT, [2, 2]));
  return modelOf(graph);
}

const run = async (params: object = {}, changes: Partial<PassContext> = {}, source = model()) =>
  pass.run(source, manifest.params.parse(params), { ...(await passContext()), ...changes });

describe('OnnxDynamicQuantization', () => {
  it('quantises constant weights, a fused bias included, and needs no data', async () => {
    const before = await runOnce(model(), feeds);
    const result = await run();
    expect(histogram(result.model)).toMatchObject({ MatMulInteger: 1, MatMul: 1, DynamicQuantizeLinear: 1 });
    expect(result.report.counts).toMatchObject({ gemmsReplaced: 1, nodesQuantized: 1, constants: 1 });
    expect(result.report.left).toContainEqual({ what: 'MatMul', count: 1, why: 'its weight is not constant' });
    expect(result.model.metadata.get('onnx.infer')).toBe('onnxruntime.quant');
    const after = await runOnce(result.model, feeds);
    const [expected, actual] = [before.outputs['y'], after.outputs['y']];
    if (expected?.dtype !== 'float32' || actual?.dtype !== 'float32') throw new Error('not float32');
    const largest = Math.max(...expected.data.map(Math.abs));
    const differences = expected.data.map((value, index) => Math.abs(value - (actual.data[index] ?? 0)));
    expect(Math.max(...differences)).toBeLessThan(0.02 * largest);
  });

  it('quantises products of activations when it is asked to', async () => {
    const { model: result } = await run({ extra_options: { MatMulConstBOnly: false } });
    expect(histogram(result)).toMatchObject({ MatMulInteger: 2 });
  });

  it('leaves out what it is told to', async () => {
    expect((await run({ op_types_to_exclude: ['MatMul'] })).report.counts['nodesQuantized']).toBe(0);
    expect((await run({ op_types_to_quantize: ['Conv'] })).report.counts['nodesQuantized']).toBe(0);
    expect((await run({ quant_preprocess: false, nodes_to_exclude: ['linear'] })).report.counts['nodesQuantized']).toBe(0);
    expect((await run({ quant_preprocess: false, nodes_to_quantize: ['linear'] })).report.counts['nodesQuantized']).toBe(1);
  });

  it('refuses QNN and operator sets without a quantisation at run time', async () => {
    await expect(run({}, { accelerator: 'npu-qnn' })).rejects.toMatchObject({ code: 'pass-failed' });
    const old = model();
    old.opsetImports.set('', 10);
    await expect(run({ quant_preprocess: false }, {}, old)).rejects.toMatchObject({
      code: 'pass-failed',
      message: expect.stringContaining('opset 10'),
    });
  });

  it('is what OnnxQuantization does in dynamic mode', async () => {
    const params = eitherManifest.params.parse({ quant_mode: 'dynamic', activation_type: 'uint16' });
    const result = await either.run(model(), params, await passContext());
    expect(result.report).toMatchObject({ type: 'OnnxQuantization', counts: { nodesQuantized: 1 } });
    expect(histogram(result.model)).toEqual(histogram((await run()).model));
  });

  it('stands aside for OnnxQuantization in static mode, its default', async () => {
    async function* data(): AsyncGenerator<NamedTensors> {
      yield feeds;
    }
    const result = await either.run(model(), eitherManifest.params.parse({ data_config: 'rows' }), { ...(await passContext()), data });
    expect(histogram(result.model)['QuantizeLinear']).toBeGreaterThan(0);
  });
});
