import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { RecordingTerminal } from '../terminal.cases.ts';
import { type ConvertOptions, runConvert } from './run-convert.ts';

const TINY_BERT = fileURLToPath(new URL('../../test/fixtures/tiny-bert', import.meta.url));

let folder = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'grove-run-convert-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const RECIPE = {
  input_model: { type: 'HfModel', model_path: 'local/tiny', task: 'feature-extraction' },
  systems: { here: { type: 'LocalSystem', accelerators: [{ device: 'npu', execution_providers: ['QNNExecutionProvider'] }] } },
  data_configs: [
    {
      name: 'rows',
      type: 'HuggingfaceContainer',
      load_dataset_config: { data_name: 'some/set', split: 'test' },
      pre_process_data_config: { input_cols: ['text'], padding: 'max_length', max_length: 16 },
      dataloader_config: { batch_size: 1 },
    },
  ],
  evaluators: {
    e: {
      metrics: [
        {
          name: 'latency',
          type: 'latency',
          data_config: 'rows',
          sub_types: [{ name: 'avg', priority: 1, goal: { type: 'threshold', value: 60_000 } }, { name: 'max' }],
          user_config: { warmup_num: 1, repeat_test_num: 2 },
        },
        { name: 'accuracy', type: 'accuracy', sub_types: [{ name: 'accuracy_score' }] },
      ],
    },
  },
  passes: {
    conversion: { type: 'OnnxConversion', target_opset: 17 },
    shape: { type: 'DynamicToFixedShape', dim_param: ['batch_size', 'sequence_length'], dim_value: [1, 16] },
    tuning: { type: 'OrtSessionParamsTuning', cpu_cores: 1, intra_thread_num_list: 1 },
  },
  host: 'here',
  target: 'here',
  evaluator: 'e',
  evaluate_input_model: false,
};

interface Ran {
  readonly out: string;
  readonly terminal: RecordingTerminal;
}

async function run(
  options: Partial<ConvertOptions>,
  { recipe = RECIPE, interrupted = new AbortController().signal }: { readonly recipe?: object; readonly interrupted?: AbortSignal } = {},
): Promise<Ran> {
  const file = join(folder, 'recipe.json');
  await writeFile(file, JSON.stringify(recipe));
  const terminal = new RecordingTerminal();
  const out = options.out ?? join(folder, 'out');
  const all: ConvertOptions = { output: 'json', model: TINY_BERT, out, data: [], set: [], ...options };
  await runConvert(file, all, { terminal, env: {}, exit: () => undefined, interrupted });
  return { out, terminal };
}

const readJson = async (...path: readonly string[]): Promise<Record<string, Record<string, unknown>>> =>
  JSON.parse(await readFile(join(...path), 'utf8'));

describe('the output folder', () => {
  it('holds what Olive writes, and nothing that was not measured', async () => {
    const { out } = await run({});
    expect((await readdir(out)).sort()).toEqual([
      'footprint.json',
      'model.onnx',
      'model_config.json',
      'output_footprint.json',
      'run_history.txt',
    ]);
    expect(await readFile(join(out, 'output_footprint.json'))).toEqual(await readFile(join(out, 'footprint.json')));
  });

  it('records the chain of models as Olive does, the last with the place of its file', async () => {
    const { out } = await run({});
    const footprint = await readJson(out, 'footprint.json');
    const nodes = Object.entries(footprint);
    expect(nodes.map(([, { from_pass }]) => from_pass)).toEqual([null, 'onnxconversion', 'dynamictofixedshape']);
    for (const [index, [id, node]] of nodes.entries())
      expect(node).toMatchObject({ model_id: id, parent_model_id: index === 0 ? null : nodes[index - 1]?.[0], metrics: null });
    expect(nodes[2]?.[1]).toMatchObject({
      model_config_data: { type: 'onnxmodel', config: { model_path: join(out, 'model.onnx'), model_attributes: { model_type: 'bert' } } },
      pass_run_config: { dim_value: [1, 16] },
    });
    expect(nodes[1]?.[1]).toMatchObject({ model_config: null });
  });

  it('names the same models whenever the same recipe runs', async () => {
    const ids = async (name: string) => Object.keys(await readJson((await run({ out: join(folder, name) })).out, 'footprint.json'));
    expect(await ids('a')).toEqual(await ids('b'));
  });

  it('has a table of the run', async () => {
    const { out } = await run({});
    const lines = (await readFile(join(out, 'run_history.txt'), 'utf8')).trimEnd().split('\n');
    expect(lines[1]).toMatch(/^\| model_id \| parent_model_id \| from_pass +\| duration_sec \| metrics \|$/);
    expect(new Set(lines.map(({ length }) => length)).size).toBe(1);
    expect(lines).toHaveLength(3 + 2 * 3);
  });

  it('is not there when the conversion fails or is interrupted', async () => {
    const failing = { ...RECIPE, passes: { shape: RECIPE.passes.shape } };
    await expect(run({}, { recipe: failing })).rejects.toMatchObject({ code: 'pass-failed' });
    await expect(run({}, { interrupted: AbortSignal.abort() })).rejects.toThrow('aborted');
    expect(await readdir(folder)).toEqual(['recipe.json']);
  });
});

describe('--evaluate', () => {
  it('measures the metrics of the evaluator here and says on what', async () => {
    const { out, terminal } = await run({ evaluate: true, substituteEp: 'cpu' });
    const metrics = await readJson(out, 'metrics.json');
    expect(metrics).toEqual({
      'latency-avg': { value: expect.any(Number), priority: 1, higher_is_better: false },
      'latency-max': { value: expect.any(Number), priority: -1, higher_is_better: false },
    });
    expect(await readJson(out, 'evaluation.json')).toMatchObject({
      requestedEp: 'QNNExecutionProvider',
      executedEp: 'CPUExecutionProvider',
      substitution: { kind: 'ep', requested: 'QNNExecutionProvider', executed: 'CPUExecutionProvider' },
      metrics: { 'latency-avg': { unit: 'ms', inputs: 'generated' } },
      notMeasured: [{ metric: 'accuracy' }],
    });
    expect(JSON.parse(terminal.written)).toMatchObject({ evaluation: { executedEp: 'CPUExecutionProvider' }, leftToDevice: [] });
    const nodes = Object.values(await readJson(out, 'footprint.json'));
    expect(nodes).toHaveLength(4);
    expect(nodes[3]).toMatchObject({
      from_pass: 'ortsessionparamstuning',
      metrics: { value: metrics, cmp_direction: { 'latency-avg': -1 }, if_goals_met: true },
    });
  });

  it('writes the settings that the target passes decided for this machine', async () => {
    const { out } = await run({ evaluate: true, substituteEp: 'cpu' });
    expect(await readJson(out, 'model_config.json')).toMatchObject({
      config: { inference_settings: { session_options: { intra_op_num_threads: 1 } } },
    });
  });

  it('feeds the first rows that were given', async () => {
    const rows = join(folder, 'rows.jsonl');
    await writeFile(rows, '{"text": "a small row"}\n');
    const { out } = await run({ evaluate: true, substituteEp: 'cpu', data: [`rows=${rows}`] });
    expect(await readJson(out, 'evaluation.json')).toMatchObject({ metrics: { 'latency-avg': { inputs: 'rows' } } });
  });

  it('is refused before anything is converted where it cannot be done', async () => {
    await expect(run({ evaluate: true })).rejects.toMatchObject({ code: 'ep-unavailable' });
    const { evaluator: _evaluator, ...plain } = RECIPE;
    await expect(run({ evaluate: true, substituteEp: 'cpu' }, { recipe: plain })).rejects.toMatchObject({ code: 'invalid-argument' });
    expect(await readdir(folder)).toEqual(['recipe.json']);
  });
});

describe('what is printed', () => {
  it('is a line a pass, then the files', async () => {
    const { terminal, out } = await run({ output: 'table' });
    expect(terminal.written).toMatch(/^OnnxConversion +\d+ ms +0 -> 212 +0 B -> /m);
    expect(terminal.written).toContain('left to the benchmarked device: OrtSessionParamsTuning');
    expect(terminal.written).toContain(`${join(out, 'model.onnx')}: `);
    expect(terminal.told).toContain('[2/2] DynamicToFixedShape (shape)');
  });

  it('with --explain is a paragraph a pass: what changed, what was left and why', async () => {
    const passes = { ...RECIPE.passes, shape: { type: 'DynamicToFixedShape', dim_param: ['batch_size', 'nothing'], dim_value: [1, 2] } };
    const { terminal } = await run({ output: 'table', explain: true }, { recipe: { ...RECIPE, passes } });
    const [, first = '', second = ''] = terminal.written.split(/^\d\. /m);
    expect(first).toMatch(/^OnnxConversion \(conversion\) {2}\d+ ms {2}nodes 0 -> 212 {2}weights 0 B -> /);
    expect(first).toMatch(/operators {2}.*\+5 LayerNormalization/);
    expect(second).toContain('operators  unchanged');
    expect(second).toContain('left alone output last_hidden_state: its shape still depends on a dimension without a number');
    expect(second).toMatch(/lint +no input, output or value has a dimension "nothing" \[dimension-matches-nothing\]/);
  });

  it('with --dry-run is the plan, which needs neither model nor folder', async () => {
    const file = join(folder, 'recipe.json');
    await writeFile(file, JSON.stringify(RECIPE));
    const terminal = new RecordingTerminal();
    const context = { terminal, env: {}, exit: () => undefined, interrupted: new AbortController().signal };
    await runConvert(file, { output: 'json', data: [], set: [], dryRun: true }, context);
    expect(JSON.parse(terminal.written)).toMatchObject({
      target: 'npu QNNExecutionProvider',
      passes: [
        { type: 'OnnxConversion', side: 'here', needs: '' },
        {},
        { type: 'OrtSessionParamsTuning', side: 'on the benchmarked device' },
      ],
    });
    expect(await readdir(folder)).toEqual(['recipe.json']);
  });
});
