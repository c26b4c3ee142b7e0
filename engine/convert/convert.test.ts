import { access, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { planConversion } from '../../domain/recipe/conversion-plan.ts';
import { overrideTask } from '../../domain/recipe/override-task.ts';
import { catalogueText, minimalDocument, parse } from '../../domain/recipe/recipe.cases.ts';
import type { JsonObject } from '../../domain/recipe/recipe.ts';
import { TINY_BERT, tinyTensors, writeCheckpoint } from '../export/checkpoints.cases.ts';
import { floatsFromHalves } from '../graph/half.ts';
import type { Model } from '../graph/model.ts';
import { readModelFile } from '../onnx/read.ts';
import { histogram, runtime } from '../passes/passes.cases.ts';
import { int64Tensor, type NamedTensors } from '../runtime/tensor.ts';
import { convertModel } from './convert.ts';
import type { ConvertEvent, ConvertResult } from './convert-request.ts';
import { runTargetPasses } from './run-target-passes.ts';

let folder = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'grove-convert-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const TRT: JsonObject = JSON.parse(catalogueText('trtrtx'));

interface Conversion {
  readonly result: ConvertResult;
  readonly events: readonly ConvertEvent[];
}

async function convert(
  document: JsonObject,
  source: string,
  changes: { readonly signal?: AbortSignal; readonly exportFolder?: string | null } = {},
): Promise<Conversion> {
  const { recipe } = parse(document);
  const events: ConvertEvent[] = [];
  const result = await convertModel({
    passes: planConversion(recipe).host,
    inputModel: recipe.inputModel,
    source,
    outFolder: join(folder, 'out'),
    exportFolder: join(folder, 'export'),
    accelerator: recipe.target.accelerator,
    runtime: await runtime(),
    signal: new AbortController().signal,
    onEvent: (event) => events.push(event),
    ...changes,
  });
  return { result, events };
}

/** Nodes of a converted BERT: 54 outside the layers and 79 in each, less one useless Cast per layer and one cascaded one. */
const nodesAfterFloat16 = (layers: number): number => 54 + 79 * layers - (layers + 1);

function tokens(ids: readonly number[]): NamedTensors {
  const row = (values: readonly number[]) => int64Tensor(values, [1, values.length]);
  return { input_ids: row(ids), attention_mask: row(ids.map((id) => (id === 0 ? 0 : 1))), token_type_ids: row(ids.map(() => 0)) };
}

async function outputOf(path: string, feeds: NamedTensors): Promise<Float32Array> {
  const session = await (await runtime()).createSession({ model: { path }, ep: 'CPUExecutionProvider' });
  try {
    const outputs = await session.run(feeds);
    const first = outputs[session.outputs[0]?.name ?? ''];
    if (first?.dtype === 'float32') return first.data;
    if (first?.dtype !== 'float16') throw new Error(`unexpected type ${first?.dtype}`);
    return floatsFromHalves(first.data);
  } finally {
    await session.close();
  }
}

function cosine(a: Float32Array, b: Float32Array): number {
  const dot = (x: Float32Array, y: Float32Array) => x.reduce((sum, value, index) => sum + value * (y[index] ?? 0), 0);
  return dot(a, b) / Math.sqrt(dot(a, a) * dot(b, b));
}

const endsOf = ({ graph }: Model) =>
  [...graph.inputs, ...graph.outputs].map(({ type }) => (type?.kind === 'tensor' ? [type.dataType, type.dims] : null));

describe('the TensorRT-RTX recipe on the tiny BERT', () => {
  // The checked-in model has 64 positions.
  const document: JsonObject = JSON.parse(catalogueText('trtrtx').replace('"dim_value": [1, 128]', '"dim_value": [1, 64]'));

  it('converts natively from the checkpoint to files that ONNX Runtime loads', async () => {
    const { result } = await convert(document, TINY_BERT);
    expect(result.files.map(({ path }) => path)).toEqual(['model.onnx', 'model.onnx.data', 'model_config.json']);
    expect(result.passes.map(({ type, nodesAfter }) => [type, nodesAfter])).toEqual([
      ['OnnxConversion', 212],
      ['OnnxFloatToFloat16', nodesAfterFloat16(2)],
      ['DynamicToFixedShape', nodesAfterFloat16(2)],
      ['GraphSurgeries', nodesAfterFloat16(2)],
    ]);
    const model = await readModelFile(result.modelPath);
    expect(endsOf(model)).toEqual([
      [7, [1, 64]],
      [7, [1, 64]],
      [7, [1, 64]],
      [10, [1, 64, 32]],
      [10, [1, 32]],
    ]);
    expect(result.resultBytes).toBe(result.files.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0));
  });

  it('tells of every pass what became of nodes, bytes and operators', async () => {
    const { result } = await convert(document, TINY_BERT);
    const [exported, halved, fixed] = result.passes;
    expect(exported).toMatchObject({ nodesBefore: 0, bytesBefore: 0, nodesAfter: 212, operators: { LayerNormalization: 5 } });
    expect(halved?.bytesBefore).toBe(exported?.bytesAfter);
    // Positions and other integers keep their size.
    expect((halved?.bytesAfter ?? 0) / (halved?.bytesBefore ?? 1)).toBeCloseTo(0.5, 1);
    expect(halved?.operators).toEqual({ Cast: -3 });
    expect(fixed?.operators).toEqual({});
  });

  it('says what a pass left alone and why', async () => {
    const changed: JsonObject = {
      ...document,
      passes: {
        conversion: { type: 'OnnxConversion', target_opset: 17 },
        fp16: { type: 'OnnxFloatToFloat16', op_block_list: ['LayerNormalization', 'NoSuchOperator'] },
        shape: { type: 'DynamicToFixedShape', dim_param: ['batch_size'], dim_value: [1] },
      },
    };
    const { result } = await convert(changed, TINY_BERT);
    expect(result.passes[0]?.left).toEqual([]);
    expect(result.passes[1]?.left).toEqual([{ what: 'LayerNormalization stays float32', count: 5, why: 'its type is on op_block_list' }]);
    expect(result.passes[2]?.left).toEqual([
      { what: 'output last_hidden_state', count: 1, why: 'its shape still depends on a dimension without a number' },
    ]);
  });

  it('computes what the export computes', async () => {
    const { result } = await convert(document, TINY_BERT);
    const feeds = tokens(Array.from({ length: 64 }, (_, index) => (index < 40 ? index + 5 : 0)));
    expect(cosine(await outputOf(result.modelPath, feeds), await outputOf(result.exportPath ?? '', feeds))).toBeGreaterThan(0.99999);
  });

  it('reports what the recipe does not do', async () => {
    const { result } = await convert(document, TINY_BERT);
    expect(result.findings.map(({ rule, path }) => `${rule} ${path}`)).toEqual(
      expect.arrayContaining([
        'values-limited $.passes.fp16',
        'surgery-matches-nothing $.passes.surgery.surgeries[0]',
        'head-dropped $.input_model.task',
      ]),
    );
  });

  it('keeps the head and drops the finding with --task text-classification', async () => {
    const { result } = await convert(overrideTask(document, 'text-classification'), TINY_BERT);
    const model = await readModelFile(result.modelPath);
    expect(model.graph.outputs.map(({ name }) => name)).toEqual(['logits']);
    expect(histogram(model)['Gemm']).toBe(2);
    expect(result.findings.some(({ rule }) => rule === 'head-dropped')).toBe(false);
  });

  it('describes the model as Olive does, with paths that fit any folder', async () => {
    await convert(document, TINY_BERT);
    const config = JSON.parse(await readFile(join(folder, 'out', 'model_config.json'), 'utf8'));
    expect(config).toMatchObject({
      type: 'onnxmodel',
      config: {
        model_path: '.',
        onnx_file_name: 'model.onnx',
        inference_settings: null,
        model_attributes: { model_type: 'bert', hf_task: 'feature-extraction' },
      },
    });
    expect(JSON.stringify(config)).not.toContain(folder);
  });

  it('writes the same bytes every time', async () => {
    const bytes = async (): Promise<Buffer[]> => {
      const { result } = await convert(document, TINY_BERT);
      return Promise.all(result.files.map(({ path }) => readFile(join(folder, 'out', path))));
    };
    expect(await bytes()).toEqual(await bytes());
  });

  it('tells of every pass as it starts and finishes', async () => {
    const { events } = await convert(document, TINY_BERT);
    const steps = events.flatMap((event) =>
      event.kind === 'pass-started' ? [`start ${event.name}`] : event.kind === 'pass-finished' ? [`end ${event.report.name}`] : [],
    );
    expect(steps).toEqual(['conversion', 'fp16', 'fixed_shape', 'surgery'].flatMap((name) => [`start ${name}`, `end ${name}`]));
  });

  it('keeps the export only when it is asked for', async () => {
    const { result } = await convert(document, TINY_BERT, { exportFolder: null });
    expect(result.exportPath).toBeNull();
    await expect(access(join(folder, 'export'))).rejects.toThrow();
  });

  it("counts a length beyond the model's positions as the recipe's fault, and names the pass", async () => {
    const tooLong: JsonObject = JSON.parse(catalogueText('trtrtx').replace('"dim_value": [1, 128]', '"dim_value": [1, 4096]'));
    await expect(convert(tooLong, TINY_BERT)).rejects.toMatchObject({
      code: 'pass-failed',
      message: expect.stringContaining('DynamicToFixedShape'),
    });
  });

  it('stops when it is cancelled', async () => {
    await expect(convert(document, TINY_BERT, { signal: AbortSignal.abort() })).rejects.toThrow('abort');
  });
});

describe('convertModel', () => {
  it('starts from an ONNX model, in its folder or by its path', async () => {
    const exported = await convert(minimalDocument(), TINY_BERT);
    const passes = { fp16: { type: 'OnnxFloatToFloat16' } };
    const document = { input_model: { type: 'ONNXModel', model_path: 'm' }, passes };
    const { result } = await convert(document, exported.result.modelPath, { exportFolder: null });
    expect(result.passes[0]).toMatchObject({ nodesBefore: 212, nodesAfter: nodesAfterFloat16(2) });
    expect(result.files.map(({ path }) => path)).toEqual(['model.onnx', 'model_config.json']);
  });

  it('exports what the input model of the recipe says', async () => {
    const names = ['input_ids', 'attention_mask', 'token_type_ids'];
    const input_model = {
      ...{ type: 'HfModel', model_path: 'm', task: 'text-classification', model_attributes: { note: 'mine' } },
      load_kwargs: { attn_implementation: 'eager', torch_dtype: 'float16' },
      io_config: { input_names: names, output_names: ['score'], dynamic_axes: { input_ids: { 0: 'N' }, score: { 0: 'N' } } },
    };
    const { result } = await convert(minimalDocument({ input_model }), TINY_BERT);
    const model = await readModelFile(result.modelPath);
    expect(model.graph.outputs.map(({ name }) => name)).toEqual(['score']);
    expect(endsOf(model)).toEqual([
      [7, ['N', 16]],
      [7, [2, 16]],
      [7, [2, 16]],
      [10, ['N', 1]],
    ]);
    expect(histogram(model)).toMatchObject({ Div: 4, Softmax: 2 });
    expect(result.modelConfig.modelAttributes).toMatchObject({ model_type: 'bert', hf_task: 'text-classification', note: 'mine' });
  });

  it('lets torch_dtype of the pass win over that of the model', async () => {
    const input_model = { type: 'HfModel', model_path: 'm', task: 'text-classification', load_kwargs: { torch_dtype: 'float16' } };
    const passes = { conversion: { type: 'OnnxConversion', target_opset: 17, torch_dtype: 'float32' } };
    const { result } = await convert(minimalDocument({ input_model, passes }), TINY_BERT);
    expect(endsOf(await readModelFile(result.modelPath)).at(-1)).toEqual([1, ['batch_size', 'num_labels']]);
  });

  it('tells of a head that the task leaves out, with the task that keeps it', async () => {
    const { result } = await convert(minimalDocument(), TINY_BERT);
    expect(result.findings).toContainEqual(
      expect.objectContaining({ rule: 'head-dropped', message: expect.stringContaining('--task text-classification') }),
    );
  });

  it('says so when there is no source', async () => {
    const document = { input_model: { type: 'ONNXModel', model_path: 'm' }, passes: { fp16: { type: 'OnnxFloatToFloat16' } } };
    await expect(convert(document, join(folder, 'absent.onnx'))).rejects.toMatchObject({ code: 'not-found' });
  });

  it.each<[string, JsonObject, string]>([
    [
      'a pass that needs Olive',
      minimalDocument({ passes: { c: { type: 'OnnxConversion', target_opset: 17 }, q: { type: 'OnnxPeepholeOptimizer' } } }),
      'unsupported-pass',
    ],
    [
      'a surgeon that needs Olive',
      minimalDocument({ passes: { s: { type: 'GraphSurgeries', surgeries: [{ surgeon: 'TieWordEmbeddings' }] } } }),
      'unsupported-pass',
    ],
    ['an opset that needs Olive', minimalDocument({ passes: { c: { type: 'OnnxConversion', target_opset: 13 } } }), 'unsupported-pass'],
    ['a graph pass without a graph', minimalDocument({ passes: { f: { type: 'OnnxFloatToFloat16' } } }), 'pass-failed'],
    [
      'two conversions',
      minimalDocument({ passes: { a: { type: 'OnnxConversion', target_opset: 17 }, b: { type: 'OnnxConversion', target_opset: 17 } } }),
      'pass-failed',
    ],
    ['a PyTorch model', minimalDocument({ input_model: { type: 'PyTorchModel' } }), 'unsupported-input'],
    ['a task without an export', overrideTask(minimalDocument(), 'text-generation'), 'unsupported-pass'],
  ])('refuses %s', async (_, document, code) => {
    await expect(convert(document, TINY_BERT)).rejects.toMatchObject({ code });
  });

  it('finds a tokenizer that is larger than the embedding', async () => {
    const checkpoint = join(folder, 'checkpoint');
    await writeCheckpoint(checkpoint, await tinyTensors());
    await writeFile(join(checkpoint, 'tokenizer.json'), JSON.stringify({ model: { vocab: { a: 0, b: 500 } }, added_tokens: [{ id: 3 }] }));
    const { result } = await convert(minimalDocument(), checkpoint);
    expect(result.findings).toContainEqual({
      rule: 'tokenizer-exceeds-vocabulary',
      path: '$.input_model',
      message: expect.stringContaining('ids up to 500, the embedding has 192 rows'),
    });
  });

  it('keeps the layout behind a pass that only writes metadata', async () => {
    const passes = { c: { type: 'OnnxConversion', target_opset: 17, save_as_external_data: true }, m: { type: 'VitisAIAddMetaData' } };
    const { result } = await convert(minimalDocument({ passes }), TINY_BERT);
    expect(result.files.map(({ path }) => path)).toEqual(['model.onnx', 'model.onnx.data', 'model_config.json']);
    const { metadata } = await readModelFile(result.modelPath);
    expect([...metadata.keys()]).toEqual(expect.arrayContaining(['architectures', 'model_type', 'quant_type']));
  });

  it('names the data file as the recipe says', async () => {
    const passes = { c: { type: 'OnnxConversion', target_opset: 17, save_as_external_data: true, external_data_name: 'weights.bin' } };
    const { result } = await convert(minimalDocument({ passes }), TINY_BERT);
    expect(result.files.map(({ path }) => path)).toEqual(['model.onnx', 'weights.bin', 'model_config.json']);
  });
});

describe('runTargetPasses', () => {
  const ep = 'NvTensorRTRTXExecutionProvider';
  const target = { ep, executedEp: ep, physicalCores: 4 };

  it('attaches the session settings of this machine', () => {
    const { inferenceSettings, reports } = runTargetPasses(planConversion(parse(TRT).recipe).target, target);
    expect(inferenceSettings?.session_options).toMatchObject({ inter_op_num_threads: 4, intra_op_num_threads: 4 });
    expect(reports.map(({ type }) => type)).toEqual(['OrtSessionParamsTuning']);
  });

  it('decides nothing without target passes', () => {
    expect(runTargetPasses([], target)).toEqual({ inferenceSettings: null, compile: null, reports: [] });
  });

  it('plans what the provider is to compile, as texts', () => {
    const passes = {
      t: { type: 'OrtSessionParamsTuning' },
      x: { type: 'EPContextBinaryGenerator', provider_options: { soc_model: 60, x: true } },
    };
    const { inferenceSettings, compile } = runTargetPasses(planConversion(parse(minimalDocument({ passes })).recipe).target, target);
    expect(inferenceSettings).not.toBeNull();
    const sessionConfig = { 'session.disable_cpu_ep_fallback': '0' };
    expect(compile).toEqual({ embedContext: false, providerOptions: { soc_model: '60', x: '1' }, sessionConfig });
  });

  it('refuses to compile twice', () => {
    const passes = { x: { type: 'EPContextBinaryGenerator' }, y: { type: 'EPContextBinaryGenerator' } };
    expect(() => runTargetPasses(planConversion(parse(minimalDocument({ passes })).recipe).target, target)).toThrow('compiled already');
  });

  it.each(['QuarkQuantization', 'OnnxFloatToFloat16'])('refuses %s on the device', (type) => {
    const passes = { t: { type: 'OrtSessionParamsTuning' }, x: { type } };
    expect(() => runTargetPasses(planConversion(parse(minimalDocument({ passes })).recipe).target, target)).toThrow(
      'is not implemented natively',
    );
  });
});

const data = process.env.GROVE_TEST_DATA;
if (data) {
  describe('the TensorRT-RTX recipe on a trained cross-encoder', () => {
    it('keeps its embeddings', async () => {
      const { result } = await convert(TRT, join(data, 'tiny-cross-encoder'));
      expect(result.passes.at(-1)?.nodesAfter).toBe(nodesAfterFloat16(2));
      const feeds = tokens(Array.from({ length: 128 }, (_, index) => (index < 60 ? 100 + index * 7 : 0)));
      expect(cosine(await outputOf(result.modelPath, feeds), await outputOf(result.exportPath ?? '', feeds))).toBeGreaterThan(0.99999);
    });
  });
}
