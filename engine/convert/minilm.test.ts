import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { writeSyntheticModel } from '../../cli/demo/synthetic-model.ts';
import { planConversion } from '../../domain/recipe/conversion-plan.ts';
import { catalogueText, parse } from '../../domain/recipe/recipe.cases.ts';
import { DataType } from '../graph/data-type.ts';
import { floatsFromHalves } from '../graph/half.ts';
import { tensorType } from '../graph/value.ts';
import { readModelFile } from '../onnx/read.ts';
import { histogram, runtime } from '../passes/passes.cases.ts';
import { int64Tensor, type NamedTensors, type Tensor } from '../runtime/tensor.ts';
import { convertModel } from './convert.ts';
import type { ConvertResult } from './convert-request.ts';

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'grove-minilm-'));
  await writeSyntheticModel(join(folder, 'model'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** Converts with those host passes of a catalogue recipe whose type is listed. */
async function convert(label: string, types?: readonly string[]): Promise<ConvertResult> {
  const { recipe } = parse(JSON.parse(catalogueText(label)));
  return convertModel({
    passes: planConversion(recipe).host.filter(({ type }) => types?.includes(type) ?? true),
    inputModel: recipe.inputModel,
    source: join(folder, 'model'),
    outFolder: join(folder, label),
    exportFolder: join(folder, `${label}-export`),
    accelerator: recipe.target.accelerator,
    runtime: await runtime(),
    signal: new AbortController().signal,
    onEvent: () => {},
  });
}

describe('the TensorRT-RTX recipe on the MiniLM-L6 architecture', () => {
  it('gives the graph Olive gives, operator by operator', async () => {
    const { modelPath, passes, resultBytes } = await convert('trtrtx');
    expect(passes.map(({ nodesAfter }) => nodesAfter)).toEqual([528, 521, 521, 521]);
    // Counted on Olive's own conversion of a random model of this architecture.
    expect(histogram(await readModelFile(modelPath))).toEqual({
      Add: 62,
      Cast: 8,
      Concat: 25,
      Constant: 157,
      ConstantOfShape: 1,
      Div: 12,
      Equal: 1,
      Erf: 6,
      Expand: 1,
      Gather: 19,
      Gemm: 1,
      LayerNormalization: 13,
      MatMul: 48,
      Mul: 25,
      Reshape: 25,
      Shape: 22,
      Slice: 7,
      Softmax: 6,
      Sqrt: 18,
      Sub: 1,
      Tanh: 1,
      Transpose: 24,
      Unsqueeze: 36,
      Where: 2,
    });
    expect(resultBytes).toBeGreaterThan(45_000_000);
    expect(resultBytes).toBeLessThan(46_000_000);
  });
});

describe('the surgeries of the QNN recipe on the MiniLM-L6 architecture', () => {
  it('turn all 36 projections into Gemm, as Olive 0.13 does', async () => {
    const { modelPath } = await convert('qdq_qnn', ['OnnxConversion', 'DynamicToFixedShape', 'GraphSurgeries']);
    // Counted on what Olive 0.13 makes of the same graph.
    expect(histogram(await readModelFile(modelPath))).toEqual({
      Add: 20,
      Cast: 15,
      Concat: 25,
      Constant: 139,
      ConstantOfShape: 1,
      Div: 6,
      Equal: 1,
      Expand: 1,
      Gather: 19,
      Gelu: 6,
      Gemm: 37,
      LayerNormalization: 13,
      MatMul: 12,
      Mul: 13,
      Reshape: 97,
      Shape: 22,
      Slice: 7,
      Softmax: 6,
      Sqrt: 18,
      Sub: 1,
      Tanh: 1,
      Transpose: 24,
      Unsqueeze: 36,
      Where: 2,
    });
  });
});

describe('the fusions of the AMD and QNN recipes on the MiniLM-L6 architecture', () => {
  it('leave the 329 nodes that Olive leaves for AMD', async () => {
    const { modelPath } = await convert('qdq_amd', ['OnnxConversion', 'OrtTransformersOptimization']);
    expect(histogram(await readModelFile(modelPath))).toEqual({
      Add: 56,
      Cast: 8,
      Concat: 25,
      Div: 6,
      Equal: 1,
      Expand: 1,
      Gather: 25,
      Gelu: 6,
      Gemm: 1,
      LayerNormalization: 13,
      MatMul: 48,
      Mul: 12,
      Reshape: 24,
      Shape: 14,
      Slice: 7,
      Softmax: 6,
      Sqrt: 12,
      Sub: 1,
      Tanh: 1,
      Transpose: 24,
      Unsqueeze: 36,
      Where: 2,
    });
  });

  it('leave the 201 nodes that Olive leaves for QNN, behind its surgeries', async () => {
    const types = ['OnnxConversion', 'DynamicToFixedShape', 'GraphSurgeries', 'OrtTransformersOptimization'];
    const { modelPath } = await convert('qdq_qnn', types);
    expect(histogram(await readModelFile(modelPath))).toEqual({
      Add: 20,
      Cast: 2,
      Expand: 1,
      Gather: 3,
      Gelu: 6,
      Gemm: 37,
      LayerNormalization: 13,
      MatMul: 12,
      Mul: 12,
      Reshape: 60,
      Softmax: 6,
      Sub: 1,
      Tanh: 1,
      Transpose: 24,
      Unsqueeze: 2,
      Where: 1,
    });
  });
});

/** Ten tokens a row at [2, 16], the second row padded at its end. */
function tokens(): NamedTensors {
  const row = (token: (row: number, column: number) => number): Tensor =>
    int64Tensor(
      Array.from({ length: 32 }, (_, index) => token(Math.floor(index / 16), index % 16)),
      [2, 16],
    );
  return {
    input_ids: row((at, column) => (at === 1 && column >= 10 ? 0 : 1000 + at * 777 + column * 91)),
    attention_mask: row((at, column) => (at === 1 && column >= 10 ? 0 : 1)),
    token_type_ids: row((_, column) => (column < 6 ? 0 : 1)),
  };
}

/** Outputs in order, widened to float32. */
async function outputsOf(path: string): Promise<readonly Float32Array[]> {
  const session = await (await runtime()).createSession({ model: { path }, ep: 'CPUExecutionProvider' });
  try {
    const outputs = await session.run(tokens());
    return Object.values(outputs).map(({ dtype, data }) =>
      dtype === 'float16' ? floatsFromHalves(data) : Float32Array.from(data, Number),
    );
  } finally {
    await session.close();
  }
}

function cosine(a: Float32Array, b: Float32Array): number {
  const dot = (p: Float32Array, q: Float32Array): number => p.reduce((sum, value, index) => sum + value * (q[index] ?? 0), 0);
  return dot(a, b) / Math.sqrt(dot(a, a) * dot(b, b));
}

describe('the DirectML recipe on the MiniLM-L6 architecture', () => {
  it('gives the 112 nodes that Olive gives, in float16 with dynamic sizes, and nearly the same outputs', async () => {
    const { modelPath, exportPath, passes, resultBytes } = await convert('dml');
    expect(passes.map(({ nodesAfter }) => nodesAfter)).toEqual([486, 112]);
    const model = await readModelFile(modelPath);
    expect(histogram(model)).toEqual({
      Add: 32,
      Cast: 1,
      Constant: 7,
      Gather: 5,
      Gelu: 6,
      Gemm: 1,
      LayerNormalization: 13,
      MatMul: 36,
      MultiHeadAttention: 6,
      ReduceSum: 1,
      Shape: 1,
      Slice: 1,
      Tanh: 1,
      Unsqueeze: 1,
    });
    expect(model.opsetImports.get('com.microsoft')).toBe(1);
    expect(model.graph.outputs.map(({ type }) => type)).toEqual([
      tensorType(DataType.FLOAT16, ['batch_size', 'sequence_length', 'hidden_size']),
      tensorType(DataType.FLOAT16, ['batch_size', 384]),
    ]);
    expect(resultBytes).toBeLessThan(46_000_000);
    const [exported = [], converted = []] = await Promise.all([outputsOf(exportPath ?? ''), outputsOf(modelPath)]);
    const cosines = exported.map((output, index) => cosine(output, converted[index] ?? new Float32Array()));
    expect(cosines.every((value) => value > 0.999999)).toBe(true);
  });
});
