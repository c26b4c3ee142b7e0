import { describe, expect, it } from 'vitest';
import { readTensor } from '../graph/attribute.ts';
import { DataType } from '../graph/data-type.ts';
import { Graph } from '../graph/graph.ts';
import type { Model } from '../graph/model.ts';
import { float32Tensor, float32Values, makeTensor, toFloat32 } from '../graph/tensor.ts';
import { tensorType } from '../graph/value.ts';
import { graphSurgeries } from './graph-surgeries.ts';
import type { PassReport } from './pass.ts';
import { constant, graphWith, modelOf, passContext, runOnce } from './passes.cases.ts';

async function operate(model: Model, params: object): Promise<PassReport> {
  const { report } = await graphSurgeries.run(model, graphSurgeries.manifest.params.parse(params), await passContext());
  return report;
}

const maskSurgery = (args: object = {}): object => ({ surgeries: [{ surgeon: 'ReplaceAttentionMaskValue', ...args }] });
const LOWEST = -3.4028234663852886e38;

/** `y = x + mask`, and `z = mask <reader> x` where another reader is asked for. */
function maskModel(values: readonly number[], reader?: string): Model {
  const graph = graphWith({ x: [values.length] });
  constant(graph, 'mask', float32Tensor([values.length], values));
  graph.addNode({ opType: 'Add', inputs: ['x', 'mask'], outputs: ['y'] });
  graph.addOutput('y', tensorType(DataType.FLOAT, [values.length]));
  if (reader !== undefined) {
    graph.addNode({ opType: reader, inputs: ['mask', 'x'], outputs: ['z'] });
    graph.addOutput('z', tensorType(DataType.FLOAT, [values.length]));
  }
  return modelOf(graph);
}

function maskOf({ graph }: Model): number[] {
  const node = graph.producer('mask');
  const tensor = node && readTensor(node, 'value');
  return tensor ? [...toFloat32(tensor)] : [];
}

describe('ReplaceAttentionMaskValue', () => {
  it('replaces what is strictly below the threshold, negative infinity included', async () => {
    const model = maskModel([LOWEST, -Infinity, -3e30, -1, 0, Infinity]);
    const { counts, findings } = await operate(model, maskSurgery());
    expect(maskOf(model)).toEqual([-1e4, -1e4, Math.fround(-3e30), -1, 0, Infinity]);
    expect([counts, findings]).toEqual([{ ReplaceAttentionMaskValue: 1, initializersMerged: 0 }, []]);
  });

  it('takes its threshold and replacement from the recipe', async () => {
    const model = maskModel([-50, -200]);
    await operate(model, maskSurgery({ threshold: -100, replacement: -100 }));
    expect(maskOf(model)).toEqual([-50, -100]);
  });

  it.each(['Add', 'Mul'])('goes on when %s reads the constant too', async (reader) => {
    const model = maskModel([LOWEST], reader);
    await operate(model, maskSurgery());
    expect(maskOf(model)).toEqual([-1e4]);
  });

  it.each(['Sub', 'Max', 'Pow'])('leaves the constant alone when %s reads it', async (reader) => {
    const model = maskModel([LOWEST], reader);
    const { findings } = await operate(model, maskSurgery());
    expect(maskOf(model)).toEqual([Math.fround(LOWEST)]);
    expect(findings).toEqual([
      { rule: 'surgery-matches-nothing', message: 'ReplaceAttentionMaskValue matches nothing', param: 'surgeries', member: '[0]' },
    ]);
  });

  it('looks at initialisers and at ConstantOfShape', async () => {
    const model = maskModel([0]);
    const { graph } = model;
    graph.setInitializer('bias', float32Tensor([2], [LOWEST, 1]));
    graph.setInitializer('unread', float32Tensor([1], [LOWEST]));
    graph.addNode({ opType: 'Mul', inputs: ['bias', 'x'], outputs: ['b'] });
    const attributes = { value: { kind: 'tensor', value: float32Tensor([1], [LOWEST]) } } as const;
    const filled = graph.addNode({ opType: 'ConstantOfShape', inputs: ['shape'], outputs: ['f'], attributes });
    expect((await operate(model, maskSurgery())).counts['ReplaceAttentionMaskValue']).toBe(3);
    expect([...valuesOf(graph, 'bias'), ...valuesOf(graph, 'unread')]).toEqual([-1e4, 1, -1e4]);
    expect(readTensor(filled, 'value')).toEqual(float32Tensor([1], [-1e4]));
  });

  it('says that the mask is float16 by now when it is', async () => {
    const graph = graphWith({});
    graph.addInput('x', tensorType(DataType.FLOAT16, [1]));
    constant(graph, 'mask', makeTensor(DataType.FLOAT16, [1], Uint16Array.of(0xf0e2)));
    graph.addNode({ opType: 'Add', inputs: ['x', 'mask'], outputs: ['y'] });
    graph.addOutput('y', tensorType(DataType.FLOAT16, [1]));
    const { findings } = await operate(modelOf(graph), maskSurgery());
    expect(findings[0]?.message).toContain('float16 by now (-10000)');
  });
});

function valuesOf(graph: Graph, name: string): number[] {
  const tensor = graph.initializers.get(name);
  return tensor ? [...float32Values(tensor)] : [];
}

describe('merging equal initialisers', () => {
  function twins(): Model {
    const graph = graphWith({ x: [2] });
    for (const [name, values] of Object.entries({ a: [1, 2], b: [1, 2], c: [1, 3], out: [1, 2] }))
      graph.setInitializer(name, float32Tensor([2], values));
    graph.setInitializer('column', float32Tensor([2, 1], [1, 2]));
    graph.addNode({ opType: 'Sum', inputs: ['x', 'a', 'b', 'c'], outputs: ['y'] });
    graph.addNode({ opType: 'Add', inputs: ['x', 'column'], outputs: ['z'] });
    graph.addOutput('y', tensorType(DataType.FLOAT, [2]));
    graph.addOutput('z', tensorType(DataType.FLOAT, [2, 2]));
    graph.addOutput('out', tensorType(DataType.FLOAT, [2]));
    return modelOf(graph);
  }

  it('joins equal ones of equal shape and keeps outputs', async () => {
    const model = twins();
    const feeds = { x: { dtype: 'float32', dims: [2], data: Float32Array.of(1, 1) } } as const;
    const before = await runOnce(model, feeds);
    expect((await operate(model, { surgeries: [] })).counts).toEqual({ initializersMerged: 1 });
    expect([...model.graph.initializers.keys()].sort()).toEqual(['a', 'c', 'column', 'out']);
    expect((await runOnce(model, feeds)).outputs).toEqual(before.outputs);
  });

  it('joins within bodies, but not across their border', async () => {
    const graph = graphWith({ x: [2] });
    graph.addInput('flag', tensorType(DataType.BOOL, []));
    graph.setInitializer('outer', float32Tensor([2], [1, 2]));
    const branch = (name: string) => {
      const body = new Graph(name);
      for (const twin of ['a', 'b']) body.setInitializer(`${name}_${twin}`, float32Tensor([2], [1, 2]));
      body.addNode({ opType: 'Sum', inputs: ['x', 'outer', `${name}_a`, `${name}_b`], outputs: [`${name}_y`] });
      body.addOutput(`${name}_y`, tensorType(DataType.FLOAT, [2]));
      return { kind: 'graph', value: body } as const;
    };
    const attributes = { then_branch: branch('then'), else_branch: branch('else') };
    graph.addNode({ opType: 'If', inputs: ['flag'], outputs: ['y'], attributes });
    graph.addOutput('y', tensorType(DataType.FLOAT, [2]));
    const model = modelOf(graph);
    expect((await operate(model, { surgeries: [] })).counts).toEqual({ initializersMerged: 2 });
    const feeds = {
      x: { dtype: 'float32', dims: [2], data: Float32Array.of(1, 1) },
      flag: { dtype: 'bool', dims: [], data: Uint8Array.of(0) },
    } as const;
    expect((await runOnce(model, feeds)).outputs['y']?.data).toEqual(Float32Array.of(4, 7));
  });

  it('compares whole contents where the ends are alike', async () => {
    const graph = graphWith({ x: [100] });
    const wide = (middle: number) => float32Tensor([100], new Float32Array(100).fill(middle, 50, 51));
    for (const [name, middle] of Object.entries({ a: 1, b: 2, c: 1, d: 3, e: 2 })) graph.setInitializer(name, wide(middle));
    graph.addNode({ opType: 'Sum', inputs: ['x', 'a', 'b', 'c', 'd', 'e'], outputs: ['y'] });
    graph.addOutput('y', tensorType(DataType.FLOAT, [100]));
    const model = modelOf(graph);
    expect((await operate(model, { surgeries: [] })).counts).toEqual({ initializersMerged: 2 });
    expect([...graph.nodes][0]?.inputs).toEqual(['x', 'a', 'b', 'a', 'd', 'b']);
  });

  it('is left out when the recipe says so', async () => {
    const model = twins();
    expect((await operate(model, { surgeries: [], remove_duplicate_initializers: false })).counts).toEqual({});
    expect(model.graph.initializers.size).toBe(5);
  });
});
