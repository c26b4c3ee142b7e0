import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { writeSyntheticModel } from '../../cli/demo/synthetic-model.ts';
import { planConversion } from '../../domain/recipe/conversion-plan.ts';
import { catalogueText, parse } from '../../domain/recipe/recipe.cases.ts';
import { readModelFile } from '../onnx/read.ts';
import { histogram, runtime } from '../passes/passes.cases.ts';
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
    modelType: 'HfModel',
    source: join(folder, 'model'),
    task: recipe.inputModel.task,
    outFolder: join(folder, label),
    exportFolder: null,
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
