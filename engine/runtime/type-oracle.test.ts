import { beforeAll, describe, expect, it } from 'vitest';
import { DataType } from '../graph/data-type.ts';
import { Graph } from '../graph/graph.ts';
import { createModel, type Model } from '../graph/model.ts';
import { float32Tensor } from '../graph/tensor.ts';
import { tensorType } from '../graph/value.ts';
import { encodeModel } from '../onnx/write.ts';
import type { InferenceRuntime } from './inference-runtime.ts';
import { loadOrtNode } from './ort-node.ts';
import { embeddingModel } from './small-models.cases.ts';
import { inferTypes } from './type-oracle.ts';

let runtime: InferenceRuntime;
beforeAll(async () => {
  runtime = await loadOrtNode();
});

/** x [batch, 256] times a weight of 256 KiB, then a scalar by ReduceSum. */
function heavyModel(): Model {
  const graph = new Graph('heavy');
  graph.addInput('x', tensorType(DataType.FLOAT, ['batch', 256]));
  graph.setInitializer('small', float32Tensor([1], [2]));
  graph.setInitializer('weight', float32Tensor([256, 256], new Float32Array(256 * 256)));
  graph.setInitializer('after', float32Tensor([1], [3]));
  graph.addNode({ opType: 'MatMul', inputs: ['x', 'weight'], outputs: ['product'] });
  graph.addNode({ opType: 'ReduceSum', inputs: ['product'], outputs: ['sum'], attributes: { keepdims: { kind: 'int', value: 0n } } });
  graph.addOutput('sum', tensorType(DataType.FLOAT, []));
  return createModel(graph, { irVersion: 8, opsetImports: [['', 17]] });
}

describe('inferTypes', () => {
  it('tells element type and shape of every intermediate value', async () => {
    const types = await inferTypes(embeddingModel(16, 4), runtime);
    expect(Object.fromEntries(types)).toEqual({
      rows: tensorType(DataType.FLOAT, ['batch_size', 'sequence_length', 4]),
      mask: tensorType(DataType.FLOAT, ['batch_size', 'sequence_length']),
      wide: tensorType(DataType.FLOAT, ['batch_size', 'sequence_length', 1]),
      last_hidden_state: tensorType(DataType.FLOAT, ['batch_size', 'sequence_length', 4]),
    });
  });

  it('does not trust type records of the model', async () => {
    const model = embeddingModel(16, 4, [1, 8]);
    model.graph.valueInfo.set('rows', { name: 'rows', type: tensorType(DataType.INT8, [9]) });
    expect((await inferTypes(model, runtime)).get('rows')).toEqual(tensorType(DataType.FLOAT, [1, 8, 4]));
    expect(model.graph.valueInfo.size).toBe(1);
  });

  it('lets weights stand in as inputs and leaves the model as it was', async () => {
    const model = heavyModel();
    const before = encodeModel(model);
    const types = await inferTypes(model, runtime);
    expect(types.get('product')).toEqual(tensorType(DataType.FLOAT, ['batch', 256]));
    expect(types.get('sum')).toEqual(tensorType(DataType.FLOAT, []));
    expect(Buffer.compare(encodeModel(model), before)).toBe(0);
  });

  it('knows shapes behind shape arithmetic when it folds constants', async () => {
    const graph = new Graph('arithmetic');
    graph.addInput('x', tensorType(DataType.FLOAT, [2, 6]));
    graph.addNode({ opType: 'Shape', inputs: ['x'], outputs: ['shape'] });
    graph.addNode({ opType: 'Concat', inputs: ['shape', 'shape'], outputs: ['twice'], attributes: { axis: { kind: 'int', value: 0n } } });
    graph.addNode({ opType: 'Expand', inputs: ['x', 'twice'], outputs: ['y'] });
    graph.addOutput('y', undefined);
    const model = createModel(graph, { irVersion: 8, opsetImports: [['', 17]] });
    expect((await inferTypes(model, runtime, { foldConstants: true })).get('y')).toEqual(tensorType(DataType.FLOAT, [2, 6, 2, 6]));
  });

  it('supposes sizes of symbolic dimensions where it is told some', async () => {
    const model = embeddingModel(16, 4);
    const types = await inferTypes(model, runtime, { sizes: new Map([['batch_size', 3]]), values: ['rows'] });
    expect(types.get('rows')).toEqual(tensorType(DataType.FLOAT, [3, 'sequence_length', 4]));
    expect(model.graph.inputs[0]?.type).toEqual(tensorType(DataType.INT64, ['batch_size', 'sequence_length']));
  });

  it('leaves the shape open where the rank is not known', async () => {
    const graph = new Graph('reshape');
    graph.addInput('x', tensorType(DataType.FLOAT, ['n']));
    graph.addInput('shape', tensorType(DataType.INT64, ['rank']));
    graph.addNode({ opType: 'Reshape', inputs: ['x', 'shape'], outputs: ['y'] });
    graph.addOutput('y', undefined);
    const model = createModel(graph, { irVersion: 8, opsetImports: [['', 17]] });
    expect((await inferTypes(model, runtime)).get('y')).toEqual(tensorType(DataType.FLOAT, undefined));
  });

  it('refuses a model that ONNX Runtime does not accept', async () => {
    const model = embeddingModel();
    model.graph.addNode({ opType: 'NoSuchOperator', inputs: ['rows'], outputs: ['odd'] });
    await expect(inferTypes(model, runtime)).rejects.toMatchObject({ code: expect.stringMatching(/session-failed|invalid-onnx/) });
  });
});
