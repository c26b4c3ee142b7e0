import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Json } from '../../domain/json.ts';
import { planConversion } from '../../domain/recipe/conversion-plan.ts';
import { parse } from '../../domain/recipe/recipe.cases.ts';
import type { JsonObject } from '../../domain/recipe/recipe.ts';
import { feedsFor, generateFeeds } from '../benchmark/inputs.ts';
import { floatsFromHalves } from '../graph/half.ts';
import { checkModel } from '../onnx/check.ts';
import { readModelFile } from '../onnx/read.ts';
import { runtime } from '../passes/passes.cases.ts';
import type { SessionSettings } from '../runtime/inference-runtime.ts';
import type { NamedTensors, Tensor } from '../runtime/tensor.ts';
import { convertModel } from './convert.ts';

/** Models of other exporters and older tools; `make_models.py` there says what each is. */
const MODELS = fileURLToPath(new URL('../../test/fixtures/other-exporters', import.meta.url));
const FILES = (await readdir(MODELS)).filter((name) => name.endsWith('.onnx'));

let folder = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'grove-others-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

interface Sizes {
  readonly dims: Readonly<Record<string, number>>;
  readonly integerBelow: number;
}

/** Sizes of the symbolic dimensions, and ids that fit the small vocabularies. */
const SIZES: Sizes = { dims: { N: 2, batch: 2, sequence: 8, M: 2 }, integerBelow: 2 };

async function outputsOf(
  path: string,
  feeds?: NamedTensors,
  settings: SessionSettings = {},
): Promise<{ feeds: NamedTensors; outputs: readonly Float32Array[] }> {
  const session = await (await runtime()).createSession({ model: { path }, ep: 'CPUExecutionProvider', settings });
  try {
    const inputs = feeds ?? generateFeeds(session.inputs, { kind: 'generated', seed: 7, ...SIZES });
    const outputs = await session.run(feedsFor(session.inputs, inputs, 'CPUExecutionProvider'));
    return { feeds: inputs, outputs: session.outputs.map(({ name }) => floatsOf(outputs[name])) };
  } finally {
    await session.close();
  }
}

function floatsOf(tensor: Tensor | undefined): Float32Array {
  if (tensor?.dtype === 'float32') return Float32Array.from(tensor.data);
  if (tensor?.dtype === 'float16') return floatsFromHalves(tensor.data);
  throw new Error(`an output is ${tensor?.dtype}`);
}

async function convert(file: string, passes: JsonObject, dataConfigs: readonly Json[] = []): Promise<string> {
  const input_model = { type: 'OnnxModel', model_path: file };
  const { recipe } = parse({ input_model, passes, data_configs: dataConfigs });
  const { modelPath } = await convertModel({
    passes: planConversion(recipe).host,
    inputModel: recipe.inputModel,
    source: MODELS,
    outFolder: join(folder, 'out'),
    exportFolder: null,
    accelerator: recipe.target.accelerator,
    data: { configs: recipe.dataConfigs, rows: {}, tokenizerFolder: MODELS },
    runtime: await runtime(),
    signal: new AbortController().signal,
    onEvent: () => {},
  });
  return modelPath;
}

const surgeries = (...names: readonly string[]) => ({ type: 'GraphSurgeries', surgeries: names.map((surgeon) => ({ surgeon })) });

/** Passes that keep what a model computes, and by how much it may change: the largest difference, relative to the largest value. */
const PASSES: Readonly<Record<string, { readonly pass: JsonObject; readonly tolerance: number }>> = {
  DynamicToFixedShape: {
    pass: { type: 'DynamicToFixedShape', dim_param: ['N', 'batch', 'sequence'], dim_value: [2, 2, 8] },
    tolerance: 1e-5,
  },
  MatMulAddToGemm: { pass: surgeries('MatMulAddToGemm'), tolerance: 1e-5 },
  'further surgeries': {
    pass: surgeries('GemmToMatMulAdd', 'DeduplicateNodes', 'ReplaceAttentionMaskValue', 'InferShapes', 'RemoveShapes'),
    tolerance: 1e-5,
  },
  OnnxFloatToFloat16: { pass: { type: 'OnnxFloatToFloat16', keep_io_types: true }, tolerance: 0.02 },
  'OrtTransformersOptimization 0': { pass: { type: 'OrtTransformersOptimization', model_type: 'bert', opt_level: 0 }, tolerance: 1e-4 },
  'OrtTransformersOptimization 1': { pass: { type: 'OrtTransformersOptimization', model_type: 'bert', opt_level: 1 }, tolerance: 1e-4 },
  OnnxQuantizationPreprocess: { pass: { type: 'OnnxQuantizationPreprocess' }, tolerance: 1e-5 },
  OnnxDynamicQuantization: { pass: { type: 'OnnxDynamicQuantization' }, tolerance: 0.15 },
  'OnnxOpVersionConversion 17': { pass: { type: 'OnnxOpVersionConversion', target_opset: 17 }, tolerance: 1e-5 },
  'OnnxOpVersionConversion 20': { pass: { type: 'OnnxOpVersionConversion', target_opset: 20 }, tolerance: 1e-5 },
  AddOliveMetadata: { pass: { type: 'AddOliveMetadata', graph_name: 'g' }, tolerance: 1e-6 },
};

/** What cannot be done with a model, and is said. */
const REFUSED: Readonly<Record<string, string>> = {
  'bert-torchscript-12.onnx OnnxOpVersionConversion 17': 'of operator set 12',
  'bert-torchscript-12.onnx OnnxOpVersionConversion 20': 'of operator set 12',
  'cnn-torchscript-11.onnx OnnxOpVersionConversion 17': 'of operator set 11',
  'cnn-torchscript-11.onnx OnnxOpVersionConversion 20': 'of operator set 11',
  'external-11.onnx OnnxOpVersionConversion 17': 'of operator set 11',
  'external-11.onnx OnnxOpVersionConversion 20': 'of operator set 11',
  'functions-17.onnx OnnxOpVersionConversion 20': 'functions of its own',
  'newest-21.onnx OnnxOpVersionConversion 17': 'takes int4 only in newer versions',
  'newest-21.onnx OnnxOpVersionConversion 20': 'takes int4 only in newer versions',
  'old-7.onnx OnnxDynamicQuantization': 'opset 7 has no DynamicQuantizeLinear',
  'old-7.onnx OnnxOpVersionConversion 17': 'of operator set 7',
  'old-7.onnx OnnxOpVersionConversion 20': 'of operator set 7',
};

describe.each(FILES)('%s', (file) => {
  it.each(Object.entries(PASSES))('%s', async (name, { pass, tolerance }) => {
    const refusal = REFUSED[`${file} ${name}`];
    if (refusal !== undefined) {
      await expect(convert(file, { it: pass })).rejects.toMatchObject({ code: 'pass-failed', message: expect.stringContaining(refusal) });
      return;
    }
    const before = await outputsOf(join(MODELS, file));
    const path = await convert(file, { it: pass });
    checkModel(await readModelFile(path));
    const after = await outputsOf(path, before.feeds);
    after.outputs.forEach((output, index) => {
      expect(output.length).toBe(before.outputs[index]!.length);
      expect(relativeDifference(output, before.outputs[index]!)).toBeLessThan(tolerance);
    });
  });

  it('quantised statically as QDQ', async () => {
    const before = await outputsOf(join(MODELS, file));
    const inputs = Object.entries(before.feeds);
    const data = {
      name: 'rows',
      type: 'DummyDataContainer',
      load_dataset_config: {
        input_names: inputs.map(([name]) => name),
        input_shapes: inputs.map(([, { dims }]) => [...dims]),
        input_types: inputs.map(([, { dtype }]) => dtype),
        max_samples: 2,
      },
    };
    const path = await convert(file, { it: { type: 'OnnxStaticQuantization', data_config: 'rows', quant_preprocess: false } }, [data]);
    checkModel(await readModelFile(path));
    // Of Q and DQ around a Conv ONNX Runtime makes a QLinearConv, which operator sets below 10 lack.
    const { outputs } = await outputsOf(path, before.feeds, file === 'old-7.onnx' ? { optimizationLevel: 'disabled' } : {});
    // Calibrated on ones alone: the result need only be of the right size and finite.
    outputs.forEach((output, index) => {
      expect(output.length).toBe(before.outputs[index]!.length);
      expect(output.every(Number.isFinite)).toBe(true);
    });
  });
});

it('a chain of passes works on a model that a mobile recipe starts from', async () => {
  const passes = {
    shape: { type: 'DynamicToFixedShape', dim_param: ['N'], dim_value: [1] },
    opset: { type: 'OnnxOpVersionConversion', target_opset: 17 },
    half: { type: 'OnnxFloatToFloat16', save_as_external_data: true },
  };
  const model = await readModelFile(await convert('cnn-batchnorm-13.onnx', passes));
  expect(model.opsetImports.get('')).toBe(17);
  expect(model.graph.inputs[0]?.type).toMatchObject({ dataType: 10, dims: [1, 3, 16, 16] });
});

it('metadata, functions and further operator sets are kept', async () => {
  const before = await readModelFile(join(MODELS, 'functions-17.onnx'));
  const after = await readModelFile(await convert('functions-17.onnx', { it: surgeries('DeduplicateNodes') }));
  expect([...after.metadata]).toEqual(expect.arrayContaining([...before.metadata]));
  expect(after.functions).toEqual(before.functions);
  expect(after.opsetImports.get('local')).toBe(1);
});

function relativeDifference(actual: Float32Array, expected: Float32Array): number {
  const largest = expected.reduce((most, value) => Math.max(most, Math.abs(value)), 1e-6);
  return expected.reduce((most, value, index) => Math.max(most, Math.abs(value - actual[index]!)), 0) / largest;
}
