import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeAll, describe, expect, it, vi } from 'vitest';
import { TINY_BERT } from '../export/checkpoints.cases.ts';
import { exportCheckpoint } from '../export/export-model.ts';
import { intAttribute } from '../graph/attribute.ts';
import { DataType } from '../graph/data-type.ts';
import { Graph } from '../graph/graph.ts';
import { createModel, type Model } from '../graph/model.ts';
import { float32Tensor, int64Tensor } from '../graph/tensor.ts';
import { tensorType } from '../graph/value.ts';
import { findProblems } from '../onnx/check.ts';
import { readModel } from '../onnx/read.ts';
import { encodeModel } from '../onnx/write.ts';
import type { InferenceRuntime } from './inference-runtime.ts';
import { type OptimizeOptions, optimizeModel } from './optimize-model.ts';
import { loadOrtNode } from './ort-node.ts';

let runtime: InferenceRuntime;
beforeAll(async () => {
  runtime = await loadOrtNode();
});

/** What a session makes of the model when every weight is inside the one file it is given. */
async function optimizePlainly(model: Model, { level, disabledOptimizers = [] }: OptimizeOptions): Promise<Model> {
  const folder = await mkdtemp(join(tmpdir(), 'grove-plain-'));
  try {
    const optimizedModelPath = join(folder, 'optimized.onnx');
    const config = { 'optimization.disable_specified_optimizers': disabledOptimizers.join(';') };
    const settings = { optimizationLevel: level, optimizedModelPath, quiet: true, config } as const;
    const session = await runtime.createSession({ model: { bytes: encodeModel(model) }, ep: 'CPUExecutionProvider', settings });
    await session.close();
    return readModel(await readFile(optimizedModelPath));
  } finally {
    await rm(folder, { recursive: true });
  }
}

/** Everything an inference depends on, with initializers by name: their order in the file means nothing. */
function contentOf({ graph, opsetImports }: Model): unknown {
  const initializers = [...graph.initializers].map(([name, { dataType, dims, bytes }]) => ({
    name,
    dataType,
    dims,
    content: Buffer.from(bytes).toString('base64'),
  }));
  return {
    opsetImports,
    nodes: [...graph.nodes].map(({ opType, domain, inputs, outputs, attributes }) => ({ opType, domain, inputs, outputs, attributes })),
    initializers: initializers.sort((a, b) => (a.name < b.name ? -1 : 1)),
    inputs: graph.inputs,
    outputs: graph.outputs,
    types: graph.valueInfo,
  };
}

function ramp(length: number): Float32Array {
  return Float32Array.from({ length }, (_, index) => Math.sin(index));
}

/** A weight read as it is and transposed, the transposition being a constant that the optimiser folds; a product that becomes a Gemm. */
function tiedModel(): Model {
  const graph = new Graph('tied');
  graph.addInput('x', tensorType(DataType.FLOAT, [2, 64]));
  graph.setInitializer('weight', float32Tensor([64, 64], ramp(4096)));
  graph.setInitializer('bias', float32Tensor([64], ramp(64)));
  graph.addNode({ opType: 'Transpose', inputs: ['weight'], outputs: ['turned'] });
  graph.addNode({ opType: 'MatMul', inputs: ['x', 'weight'], outputs: ['a'] });
  graph.addNode({ opType: 'Add', inputs: ['a', 'bias'], outputs: ['b'] });
  graph.addNode({ opType: 'MatMul', inputs: ['b', 'turned'], outputs: ['y'] });
  graph.addOutput('y', tensorType(DataType.FLOAT, [2, 64]));
  return createModel(graph, { irVersion: 8, opsetImports: [['', 17]] });
}

/** Convolution, normalisation and scaling, which fold into one convolution with other weights; and a square kernel below a transposition. */
function convolutionModel(): Model {
  const graph = new Graph('convolution');
  graph.addInput('x', tensorType(DataType.FLOAT, [1, 16, 8, 8]));
  graph.setInitializer('kernel', float32Tensor([16, 16, 3, 3], ramp(2304)));
  for (const [index, name] of ['scale', 'shift', 'mean', 'variance'].entries())
    graph.setInitializer(
      name,
      float32Tensor(
        [16],
        ramp(16).map((value) => value + index + 1),
      ),
    );
  graph.setInitializer('square', float32Tensor([64, 64], ramp(4096)));
  graph.setInitializer('flat', int64Tensor([2], [16, 64]));
  graph.addNode({ opType: 'Conv', inputs: ['x', 'kernel'], outputs: ['c'], attributes: { group: intAttribute(1) } });
  graph.addNode({ opType: 'BatchNormalization', inputs: ['c', 'scale', 'shift', 'mean', 'variance'], outputs: ['n'] });
  graph.addNode({ opType: 'Relu', inputs: ['n'], outputs: ['r'] });
  graph.addOutput('r', tensorType(DataType.FLOAT, [1, 16, 6, 6]));
  graph.addNode({ opType: 'Reshape', inputs: ['x', 'flat'], outputs: ['rows'] });
  graph.addNode({ opType: 'Transpose', inputs: ['rows'], outputs: ['columns'] });
  graph.addNode({ opType: 'Add', inputs: ['columns', 'column'], outputs: ['moved'] });
  graph.setInitializer('column', float32Tensor([64, 16], ramp(1024)));
  graph.addNode({ opType: 'Transpose', inputs: ['moved'], outputs: ['back'] });
  graph.addNode({ opType: 'MatMul', inputs: ['back', 'square'], outputs: ['y'] });
  graph.addOutput('y', tensorType(DataType.FLOAT, [16, 64]));
  return createModel(graph, { irVersion: 8, opsetImports: [['', 17]] });
}

/** Products with added rows, of fixed shapes: ONNX Runtime makes a Gemm between two Reshapes of each. */
function rowsModel(products: number): Model {
  const graph = new Graph('rows');
  graph.addInput('rows0', tensorType(DataType.FLOAT, [2, 4, 8]));
  for (let index = 0; index < products; index++) addRows(graph, index);
  return createModel(graph, { irVersion: 8, opsetImports: [['', 17]] });
}

function addRows(graph: Graph, index: number): void {
  const [product, sum] = [`product${index}`, `rows${index + 1}`];
  graph.setInitializer(`w${index}`, float32Tensor([8, 8], ramp(64)));
  graph.setInitializer(`b${index}`, float32Tensor([8], ramp(8)));
  graph.addNode({ opType: 'MatMul', inputs: [`rows${index}`, `w${index}`], outputs: [product] });
  graph.addNode({ opType: 'Add', inputs: [product, `b${index}`], outputs: [sum] });
  graph.addOutput(sum, tensorType(DataType.FLOAT, [2, 4, 8]));
}

const tinyBert = async (): Promise<Model> =>
  (await exportCheckpoint(TINY_BERT, { task: 'feature-extraction', opset: 17, dynamic: true })).model;

describe('optimizeModel', () => {
  const models = { 'an encoder': tinyBert, 'tied weights': tiedModel, 'a convolution': convolutionModel };
  const levels = ['basic', 'extended', 'all'] as const;
  const cases = Object.entries(models).flatMap(([what, make]) => levels.map((level) => [what, level, make] as const));

  it.each(cases)('makes of %s at level %s what a session makes of one file with everything in it', async (_, level, make) => {
    const options = { level, disabledOptimizers: ['ConstantSharing'] };
    expect(contentOf(await optimizeModel(await make(), runtime, options))).toEqual(contentOf(await optimizePlainly(await make(), options)));
  });

  it('makes a model that ONNX Runtime can optimise again, also when a Gemm is still to be made of it', async () => {
    const optimized = await optimizeModel(rowsModel(1), runtime, { level: 'basic' });
    expect([...optimized.graph.nodes].map(({ opType }) => opType)).toEqual(['Reshape', 'Gemm', 'Reshape']);
    addRows(optimized.graph, 1);
    const again = await optimizeModel(optimized, runtime, { level: 'all' });
    expect([...again.graph.nodes].map(({ opType }) => opType)).not.toContain('MatMul');
    expect(findProblems(again)).toEqual([]);
  });

  it('would not load otherwise: names of an earlier session meet those of the next', async () => {
    const optimized = await optimizePlainly(rowsModel(1), { level: 'basic' });
    const session = (model: Model, optimizationLevel: 'disabled' | 'basic') =>
      runtime.createSession({
        model: { bytes: encodeModel(model) },
        ep: 'CPUExecutionProvider',
        settings: { optimizationLevel, quiet: true },
      });
    await (await session(optimized, 'basic')).close();
    addRows(optimized.graph, 1);
    await expect(session(optimized, 'basic')).rejects.toThrow('AddInitializerWithOrtValue');
    await (await session(optimized, 'disabled')).close();
  });

  it('leaves the model as it was and shares the weights it did not change', async () => {
    const model = tiedModel();
    const before = encodeModel(model);
    const optimized = await optimizeModel(model, runtime, { level: 'basic' });
    expect(Buffer.compare(encodeModel(model), before)).toBe(0);
    expect(optimized.graph.initializers.get('weight')?.bytes).toBe(model.graph.initializers.get('weight')?.bytes);
    expect(optimized.graph.initializers.has('turned')).toBe(true);
  });

  it('leaves out the optimisers it is told to', async () => {
    const operators = async (disabledOptimizers: readonly string[]): Promise<string[]> =>
      [...(await optimizeModel(tiedModel(), runtime, { level: 'basic', disabledOptimizers })).graph.nodes].map(({ opType }) => opType);
    expect(await operators([])).toEqual(['Gemm', 'MatMul']);
    expect(await operators(['ConstantSharing', 'MatMulAddFusion'])).toEqual(['MatMul', 'Add', 'MatMul']);
  });

  it('refuses a model that ONNX Runtime does not accept and leaves no file behind', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'grove-plain-'));
    vi.stubEnv('TMPDIR', folder);
    try {
      const model = tiedModel();
      model.graph.addNode({ opType: 'NoSuchOperator', inputs: ['x'], outputs: ['odd'] });
      await expect(optimizeModel(model, runtime, { level: 'basic' })).rejects.toMatchObject({
        code: expect.stringMatching(/session-failed|invalid-onnx/),
      });
      expect(await readdir(folder)).toEqual([]);
    } finally {
      vi.unstubAllEnvs();
      await rm(folder, { recursive: true });
    }
  });
});
