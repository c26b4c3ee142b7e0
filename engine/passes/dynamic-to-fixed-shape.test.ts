import { describe, expect, it } from 'vitest';
import { DataType } from '../graph/data-type.ts';
import type { Model } from '../graph/model.ts';
import { int64Tensor } from '../graph/tensor.ts';
import { tensorType } from '../graph/value.ts';
import { dynamicToFixedShape } from './dynamic-to-fixed-shape.ts';
import type { PassReport } from './pass.ts';
import { graphWith, modelOf, passContext, runOnce } from './passes.cases.ts';

async function fix(model: Model, params: object): Promise<PassReport> {
  const { report } = await dynamicToFixedShape.run(model, dynamicToFixedShape.manifest.params.parse(params), await passContext());
  return report;
}

/** y = x with its last axis flattened through Shape arithmetic, as exports do it: plain inference does not see through that. */
function flattening(): Model {
  const graph = graphWith({ x: ['batch_size', 'sequence_length', 4] });
  graph.setInitializer('zero', int64Tensor([], [0]));
  graph.setInitializer('axis', int64Tensor([1], [0]));
  graph.setInitializer('rest', int64Tensor([1], [-1]));
  graph.addNode({ opType: 'Shape', inputs: ['x'], outputs: ['shape'] });
  graph.addNode({ opType: 'Gather', inputs: ['shape', 'zero'], outputs: ['batch'] });
  graph.addNode({ opType: 'Unsqueeze', inputs: ['batch', 'axis'], outputs: ['batch_list'] });
  graph.addNode({
    opType: 'Concat',
    inputs: ['batch_list', 'rest'],
    outputs: ['wanted'],
    attributes: { axis: { kind: 'int', value: 0n } },
  });
  graph.addNode({ opType: 'Reshape', inputs: ['x', 'wanted'], outputs: ['y'] });
  graph.addOutput('y', tensorType(DataType.FLOAT, ['batch_size', 'flat']));
  graph.setType('shape', tensorType(DataType.INT64, [3]));
  return modelOf(graph);
}

const dims = (model: Model): unknown =>
  [...model.graph.inputs, ...model.graph.outputs].map(({ type }) => (type?.kind === 'tensor' ? type.dims : null));

describe('DynamicToFixedShape', () => {
  it('replaces names everywhere and copies the shape of an output that is then known', async () => {
    const model = flattening();
    const report = await fix(model, { dim_param: ['batch_size', 'sequence_length'], dim_value: [1, 128] });
    expect(dims(model)).toEqual([
      [1, 128, 4],
      [1, 512],
    ]);
    expect(report).toMatchObject({ counts: { dimensionsFixed: 3, outputsFixed: 1 }, findings: [] });
  });

  it('leaves the arithmetic inside the graph and an output that stays open', async () => {
    const model = flattening();
    await fix(model, { dim_param: ['batch_size'], dim_value: [2] });
    expect(dims(model)).toEqual([
      [2, 'sequence_length', 4],
      [2, 'flat'],
    ]);
    expect(model.graph.nodes.size).toBe(5);
  });

  it('says when a name is nowhere in the model', async () => {
    const { findings } = await fix(flattening(), { dim_param: ['batch_size', 'seq'], dim_value: [1, 128] });
    expect(findings).toMatchObject([{ rule: 'dimension-matches-nothing', message: expect.stringContaining('"seq"') }]);
  });

  it('takes whole input shapes, and other uses of their names follow', async () => {
    const model = flattening();
    model.graph.addInput('mask', tensorType(DataType.FLOAT, ['batch_size', null]));
    await fix(model, {
      input_name: ['x', 'mask'],
      input_shape: [
        [3, 5, 4],
        [3, 9],
      ],
    });
    expect(dims(model)).toEqual([
      [3, 5, 4],
      [3, 9],
      [3, 20],
    ]);
  });

  it('takes an empty list for one that is not given', async () => {
    const model = flattening();
    await fix(model, { dim_param: [], dim_value: [], input_name: ['x'], input_shape: [[3, 5, 4]] });
    expect(dims(model)).toEqual([
      [3, 5, 4],
      [3, 20],
    ]);
    expect(dynamicToFixedShape.manifest.params.safeParse({ dim_param: [], dim_value: [] }).success).toBe(false);
  });

  it('gives an input of unknown rank its shape, and a value whose rank is unknown nothing', async () => {
    const graph = graphWith({ x: ['n'] });
    graph.addInput('y', tensorType(DataType.FLOAT, undefined));
    graph.addInput('shape', tensorType(DataType.INT64, ['rank']));
    graph.addNode({ opType: 'Reshape', inputs: ['x', 'shape'], outputs: ['z'] });
    graph.addNode({ opType: 'Neg', inputs: ['y'], outputs: ['w'] });
    graph.addOutput('z', tensorType(DataType.FLOAT, undefined));
    graph.addOutput('w', undefined);
    const model = modelOf(graph);
    await fix(model, { input_name: ['x', 'y'], input_shape: [[6], [2, 3]] });
    expect(dims(model)).toEqual([[6], [2, 3], ['rank'], undefined, null]);
  });

  it('lets the result compute what it did at those sizes', async () => {
    const feeds = { x: { dtype: 'float32', dims: [1, 3, 4], data: Float32Array.from({ length: 12 }, (_, i) => i) } } as const;
    const before = await runOnce(flattening(), feeds);
    const model = flattening();
    await fix(model, { dim_param: ['batch_size', 'sequence_length'], dim_value: [1, 3] });
    expect((await runOnce(model, feeds)).outputs).toEqual(before.outputs);
  });

  it.each([
    ['an unknown input', { input_name: ['z'], input_shape: [[1]] }, 'no input "z"'],
    ['another rank', { input_name: ['x'], input_shape: [[1, 2]] }, 'rank'],
    ['another fixed size', { input_name: ['x'], input_shape: [[1, 2, 5]] }, 'has 4 on axis 2'],
    ['two sizes for one name', { input_name: ['x', 'mask'], input_shape: [[1, 2, 4], [2]] }, 'both 1 and 2'],
  ])('refuses %s', async (_, params, message) => {
    const model = flattening();
    model.graph.addInput('mask', tensorType(DataType.FLOAT, ['batch_size']));
    await expect(fix(model, params)).rejects.toThrow(message);
  });
});
