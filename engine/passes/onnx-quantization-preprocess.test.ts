import { describe, expect, it } from 'vitest';
import { onnxQuantizationPreprocess as manifest } from '../../domain/passes/onnx-quantization-preprocess.ts';
import { DataType } from '../graph/data-type.ts';
import type { Model } from '../graph/model.ts';
import { float32Tensor, int64Tensor } from '../graph/tensor.ts';
import { tensorType } from '../graph/value.ts';
import type { NamedTensors } from '../runtime/tensor.ts';
import { onnxQuantizationPreprocess as pass } from './onnx-quantization-preprocess.ts';
import { constant, graphWith, histogram, modelOf, passContext, runOnce } from './passes.cases.ts';

const feeds: NamedTensors = { x: { dtype: 'float32', dims: [2, 3], data: Float32Array.of(1, -2, 3, 4, 5, -6) } };

/** A matrix product with a bias behind shape arithmetic, all of it static. */
function linear(): Model {
  const graph = graphWith({ x: [2, 3] });
  graph.setInitializer('w', float32Tensor([3, 2], [1, 2, 3, 4, 5, 6]));
  graph.setInitializer('b', float32Tensor([2], [0.5, -0.5]));
  constant(graph, 'wanted', int64Tensor([2], [2, 3]));
  graph.addNode({ opType: 'Reshape', inputs: ['x', 'wanted'], outputs: ['shaped'] });
  graph.addNode({ opType: 'MatMul', inputs: ['shaped', 'w'], outputs: ['product'] });
  graph.addNode({ opType: 'Add', inputs: ['product', 'b'], outputs: ['sum'] });
  graph.addNode({ opType: 'Relu', inputs: ['sum'], outputs: ['y'] });
  graph.addOutput('y', tensorType(DataType.FLOAT, [2, 2]));
  return modelOf(graph);
}

const run = async (model: Model, params: object = {}) => pass.run(model, manifest.params.parse(params), await passContext());

describe('OnnxQuantizationPreprocess', () => {
  it('optimises as ONNX Runtime does, records types, and leaves results as they are', async () => {
    const before = await runOnce(linear(), feeds);
    const { model, report } = await run(linear());
    expect(histogram(model)).toEqual({ Reshape: 1, Gemm: 1, Relu: 1 });
    expect(model.graph.typeOf('sum')).toEqual(tensorType(DataType.FLOAT, [2, 2]));
    expect(model.metadata.get('onnx.quant.pre_process')).toBe('onnxruntime.quant');
    expect(report.counts).toEqual({ typesRecorded: 2 });
    expect((await runOnce(model, feeds)).outputs).toEqual(before.outputs);
  });

  it('leaves the graph alone when the optimiser is skipped, and types unknown only when both inferences are', async () => {
    const { model } = await run(linear(), { skip_optimization: true, skip_onnx_shape: true });
    expect(histogram(model)).toEqual(histogram(linear()));
    expect(model.graph.typeOf('product')).toEqual(tensorType(DataType.FLOAT, [2, 2]));
    const { model: untyped } = await run(linear(), { skip_optimization: true, skip_onnx_shape: true, skip_symbolic_shape: true });
    expect(untyped.graph.typeOf('product')).toBeUndefined();
  });

  it('replaces type records that are wrong', async () => {
    const model = linear();
    model.graph.setType('product', tensorType(DataType.FLOAT16, [7]));
    const result = await run(model, { skip_optimization: true });
    expect(result.model.graph.typeOf('product')).toEqual(tensorType(DataType.FLOAT, [2, 2]));
  });

  it('fails when ONNX Runtime does not accept the model', async () => {
    const model = linear();
    model.graph.addNode({ opType: 'NoSuchOperator', inputs: ['x'], outputs: ['odd'] });
    await expect(run(model)).rejects.toMatchObject({ code: expect.stringMatching(/session-failed|invalid-onnx/) });
  });
});
