import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { completeAgentConfig } from '../../agent/config.ts';
import { ScriptedCoordinator } from '../../agent/connection/scripted-coordinator.cases.ts';
import { type Agent, startAgent } from '../../agent/main.ts';
import { BlobServer } from '../../agent/transfer/blob-server.cases.ts';
import {
  type Assignment,
  type AttemptOutcome,
  assignmentSchema,
  attemptOutcomeSchema,
  type BenchmarkSpec,
  type ConvertResult,
  type ConvertSpec,
  type TaskSpec,
} from '../../domain/task.ts';
import { safetensorsOf, tinyTensors } from '../../engine/export/checkpoints.cases.ts';
import { float32Tensor } from '../../engine/graph/tensor.ts';

const MODEL = new URL('../fixtures/tiny-bert/', import.meta.url);
const RECIPE = new URL('../../recipes/ms-marco-MiniLM-L-6-v2/ms-marco-MiniLM-L-6-v2_trtrtx.json', import.meta.url);

const CPU = 'CPUExecutionProvider';

/** The stages as they ship, in processes of their own: the TensorRT-RTX recipe on the tiny checkpoint, cut to its 64 positions. */
describe('conversion and benchmark on an agent', () => {
  let folder = '';
  let store: BlobServer;
  let coordinator: ScriptedCoordinator;
  let agent: Agent;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'grove-stages-'));
    store = await BlobServer.start();
    coordinator = new ScriptedCoordinator();
    coordinator.onMessage = (message) => {
      if (message.type !== 'grantRequest') return;
      coordinator.say({ type: 'grant', requestId: message.requestId, grants: store.grants(message.direction, message.blobs), error: null });
    };
    const settings = {
      dataFolder: folder,
      name: 'a',
      hostName: 'lab',
      stopGraceMs: 0,
      logLevel: 'silent',
      cache: { minFreeBytes: 0 },
    } as const;
    agent = await startAgent(completeAgentConfig(settings, { env: {}, token: null }), { transport: coordinator });
    await coordinator.next('hello');
  });
  afterEach(async () => {
    await agent.stop('the test ends');
    await store.stop();
    await rm(folder, { recursive: true, force: true });
  });

  async function recipeRef() {
    return { recipeId: 'trtrtx', digest: '0'.repeat(64), text: (await readFile(RECIPE, 'utf8')).replaceAll('128', '64') };
  }

  async function convertSpec(change: Partial<ConvertSpec> = {}): Promise<ConvertSpec> {
    const names = ['config.json', 'tokenizer.json', 'tokenizer_config.json', 'model.safetensors'];
    const model = await Promise.all(names.map(async (name) => [name, store.add(await readFile(new URL(name, MODEL)))] as const));
    const rows = store.add(
      Array.from({ length: 12 }, (_, row) => `${JSON.stringify({ premise: `the cat sat on mat ${row}` })}\n`).join(''),
    );
    const source = {
      schemaVersion: 1,
      files: { ...Object.fromEntries(model), 'data/xnli.jsonl': rows },
      data: { xnli: { path: 'data/xnli.jsonl', origin: 'local' } },
    } as const;
    return { kind: 'convert', conversionKey: '1'.repeat(64), recipe: await recipeRef(), source, task: null, strict: false, ...change };
  }

  /** Assigns as the wire would: the agent gets only what the schema lets through. */
  async function run(taskId: string, spec: TaskSpec, conversion: Assignment['conversion'] = null): Promise<AttemptOutcome> {
    const lease = { taskId, attempt: 1, token: 'a'.repeat(32) };
    const assignment = { lease, leaseMs: 600_000, acceptMs: 5_000, deviceName: 'lab/cpu0', spec, conversion };
    coordinator.say({ type: 'assign', assignment: assignmentSchema.parse(assignment) });
    const { outcome } = await coordinator.next('complete', (message) => message.lease.taskId === taskId);
    return attemptOutcomeSchema.parse(outcome);
  }

  async function converted(): Promise<ConvertResult> {
    const outcome = await run('c-1', await convertSpec());
    if (outcome.state !== 'completed' || outcome.result.kind !== 'convert') throw new Error(JSON.stringify(outcome));
    return outcome.result;
  }

  async function benchmarkSpec(change: Partial<BenchmarkSpec> = {}): Promise<BenchmarkSpec> {
    return {
      kind: 'benchmark',
      ...{
        recipe: await recipeRef(),
        modelId: 'local:1',
        origin: { kind: 'local' },
        synthetic: true,
        tier: 'smoke',
        launches: 2,
        task: null,
      },
      ...{ requestedEp: 'NvTensorRTRTXExecutionProvider', executedEp: CPU },
      substitution: { kind: 'ep', requested: 'NvTensorRTRTXExecutionProvider', executed: CPU },
      qualityBound: { metric: 'cosine', min: 0.99, isDefault: true },
      ...{ localData: ['xnli'], conversionKey: '1'.repeat(64) },
      ...change,
    };
  }

  it('make a model, its Reference and a measured, placed and compared report', async () => {
    const { artifact, reference, report } = await converted();
    expect(Object.keys(artifact.files)).toContain('model.onnx');
    expect(reference?.key).toMatch(/^[0-9a-f]{64}$/);
    expect(Object.keys(reference?.files ?? {})).toEqual(expect.arrayContaining(['rows.json', 'export/model.onnx']));
    expect(report.passes.map(({ type }) => type)).toEqual([
      'OnnxConversion',
      'OnnxFloatToFloat16',
      'DynamicToFixedShape',
      'GraphSurgeries',
    ]);
    for (const { sha256 } of Object.values(artifact.files)) expect(store.blobs.has(sha256)).toBe(true);

    const outcome = await run('j-1', await benchmarkSpec(), { artifact, reference });
    expect(outcome).toMatchObject({
      state: 'completed',
      result: {
        kind: 'benchmark',
        report: {
          executedEp: CPU,
          inputShapes: { input_ids: [1, 64] },
          launches: [{ index: 0, samplesPath: 'samples/launch-0.f64' }, { index: 1 }],
          verdict: 'insufficient',
          placement: { byEp: { [CPU]: { timeShare: 1 } }, fellBack: false },
          quality: { state: 'measured', rows: 10, passed: true },
          olive: { 'latency-avg': { unit: 'ms' } },
          evaluator: [
            { metric: 'latency-avg', goal: { type: 'percent-min-improvement', baseline: { kind: 'fp32-export' }, why: '' } },
            ...['latency-max', 'latency-min', 'throughput-avg', 'throughput-max', 'throughput-min'].map((metric) => ({
              metric,
              goal: null,
            })),
          ],
          artifacts: { 'samples/launch-0.f64': {}, 'samples/launch-1.f64': {}, 'profile.json': {} },
        },
      },
    });
    expect(await readdir(join(folder, 'work'))).toEqual([]);
    expect(await readdir(join(folder, 'children'))).toEqual([]);
  });

  /** The tiny model with a head of three labels. */
  async function threeLabels() {
    const tensors = await tinyTensors();
    const weights = Array.from({ length: 96 }, (_, index) => Math.sin(7 * index));
    tensors.set('classifier.weight', float32Tensor([3, 32], weights)).set('classifier.bias', float32Tensor([3], [0, 0, 0]));
    const config: object = JSON.parse(await readFile(new URL('config.json', MODEL), 'utf8'));
    const labels = { id2label: { 0: 'a', 1: 'b', 2: 'c' }, label2id: { a: 0, b: 1, c: 2 } };
    return {
      'model.safetensors': store.add(Buffer.from(safetensorsOf(tensors))),
      'config.json': store.add(JSON.stringify({ ...config, ...labels })),
    };
  }

  it("compute Olive's accuracy of a classifier, with a goal relative to the export", async () => {
    const goal = { type: 'max-degradation', value: 0.01 };
    const sub_types = [
      { name: 'accuracy_score', priority: 2, goal, metric_config: { task: 'multiclass', num_classes: 3 } },
      { name: 'perplexity' },
    ];
    const ref = await recipeRef();
    const document = JSON.parse(ref.text);
    document.evaluators.common_evaluator.metrics.push({ name: 'accuracy', type: 'accuracy', data_config: 'xnli', sub_types });
    const recipe = { ...ref, text: JSON.stringify(document) };
    const task = 'text-classification';
    const convert = await convertSpec({ recipe, task });
    const labelled = store.add(
      Array.from({ length: 12 }, (_, row) => `${JSON.stringify({ premise: `the cat sat on mat ${row}`, label: row % 3 })}\n`).join(''),
    );
    const files = { ...convert.source.files, ...(await threeLabels()), 'data/xnli.jsonl': labelled };
    const converted = await run('c-6', { ...convert, source: { ...convert.source, files } });
    if (converted.state !== 'completed' || converted.result.kind !== 'convert') throw new Error(JSON.stringify(converted));
    const { artifact, reference } = converted.result;
    const outcome = await run('j-6', await benchmarkSpec({ recipe, task, launches: 1 }), { artifact, reference });
    const report = outcome.state === 'completed' && outcome.result.kind === 'benchmark' ? outcome.result.report : undefined;
    const accuracy = report?.evaluator?.find(({ metric }) => metric === 'accuracy-accuracy_score');
    expect(accuracy).toMatchObject({ unit: 'share', priority: 2, goal: { state: 'met', baseline: { kind: 'fp32-export' } } });
    // Ten rows: tenths. float16 moves no best label of this model.
    expect((accuracy?.value ?? 0.5) * 10).toBeCloseTo(Math.round((accuracy?.value ?? 0) * 10), 9);
    expect(accuracy?.goal?.baseline?.value).toBe(accuracy?.value);
    expect(report?.evaluator?.at(-1)).toMatchObject({
      metric: 'accuracy-perplexity',
      value: null,
      why: expect.stringContaining('perplexity'),
    });
    expect(report?.quality).toMatchObject({ logit: { top1Agreement: 1 } });
  });

  it('fail at a pass nobody has, whose name they give', async () => {
    const spec = await convertSpec();
    const text = spec.recipe.text.replace('"OnnxFloatToFloat16"', '"OnnxBlockWiseRtnQuantization"');
    const outcome = await run('c-2', { ...spec, recipe: { ...spec.recipe, text } });
    expect(outcome).toMatchObject({
      state: 'failed',
      error: { code: 'unsupported-pass', message: expect.stringContaining('OnnxBlockWiseRtnQuantization') },
    });
  });

  /** The recipe with quantisation in place of float16. */
  async function quantizing(): Promise<ConvertSpec> {
    const spec = await convertSpec();
    const document = JSON.parse(spec.recipe.text);
    document.passes.fp16 = { type: 'OnnxStaticQuantization', data_config: 'xnli', activation_type: 'uint16', precision: 'uint8' };
    return { ...spec, recipe: { ...spec.recipe, text: JSON.stringify(document) } };
  }

  it('calibrate a quantisation on the rows of the source', async () => {
    const outcome = await run('c-6', await quantizing());
    expect(outcome).toMatchObject({ state: 'completed', result: { reference: { key: expect.stringMatching(/^[0-9a-f]{64}$/) } } });
    if (outcome.state !== 'completed' || outcome.result.kind !== 'convert') throw new Error(JSON.stringify(outcome));
    const quantized = outcome.result.report.passes[1];
    expect(quantized).toMatchObject({ type: 'OnnxStaticQuantization', counts: { biases: expect.any(Number) } });
    expect(quantized?.counts['quantizeNodes']).toBeGreaterThan(40);
    expect(await readdir(join(folder, 'work'))).toEqual([]);
  });

  it('name the rows that a quantisation lacks before any pass has run', async () => {
    const spec = await quantizing();
    const outcome = await run('c-7', { ...spec, source: { ...spec.source, data: {} } });
    expect(outcome).toMatchObject({
      state: 'failed',
      error: { code: 'unsupported-data', message: expect.stringContaining('--data xnli=FILE') },
    });
  });

  it('fail on a finding of the model when the submit is strict', async () => {
    expect(await run('c-3', await convertSpec({ strict: true }))).toMatchObject({ state: 'failed', error: { code: 'lint' } });
  });

  it('say which file of a checkpoint is broken', async () => {
    const spec = await convertSpec();
    const files = { ...spec.source.files, 'model.safetensors': store.add('not safetensors at all') };
    expect(await run('c-4', { ...spec, source: { ...spec.source, files } })).toMatchObject({
      state: 'failed',
      error: { code: 'invalid-safetensors' },
    });
  });

  it('hand a download that never works back for another try', async () => {
    const spec = await convertSpec();
    const files = { ...spec.source.files, 'model.safetensors': { sha256: 'e'.repeat(64), sizeBytes: 10 } };
    expect(await run('c-5', { ...spec, source: { ...spec.source, files } })).toMatchObject({
      state: 'exception',
      error: { code: 'transfer-failed', retryable: true },
    });
  });
});
