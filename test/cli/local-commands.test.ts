import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Lab, RECIPE } from '../support/lab.ts';

const recipeFile = (name: string) => join(import.meta.dirname, '../../recipes', name);

let lab: Lab;
let converted: string;

beforeAll(async () => {
  lab = await Lab.open();
  converted = join(lab.folder, 'converted');
});
afterAll(() => lab.close());

describe('grove convert', () => {
  it('tells what it would do and does nothing', async () => {
    const { code, out } = await lab.grove('convert', recipeFile(RECIPE), '--model', lab.model, '--out', converted, '--dry-run');
    expect(code).toBe(0);
    for (const pass of ['OnnxConversion', 'OnnxFloatToFloat16', 'DynamicToFixedShape', 'GraphSurgeries', 'OrtSessionParamsTuning']) {
      expect(out).toContain(pass);
    }
    await expect(readdir(converted)).rejects.toThrow('ENOENT');
  });

  it('converts a checkpoint without a farm', async () => {
    const { code, out } = await lab.grove('convert', recipeFile(RECIPE), '--model', lab.model, '--out', converted, '-o', 'json');
    expect(code).toBe(0);
    expect(JSON.parse(out)).toMatchObject({
      modelPath: join(converted, 'model.onnx'),
      passes: [{ type: 'OnnxConversion' }, { type: 'OnnxFloatToFloat16' }, { type: 'DynamicToFixedShape' }, { type: 'GraphSurgeries' }],
    });
    expect(await readdir(converted)).toContain('model.onnx');
  });

  it('ends with 6 and names the pass that nobody has here', async () => {
    const unsupported = recipeFile('ms-marco-MiniLM-L-6-v2/ms-marco-MiniLM-L-6-v2_context_ov_static.json');
    const { code, err } = await lab.grove('convert', unsupported, '--model', lab.model, '--out', join(lab.folder, 'none'), '-o', 'json');
    expect(code).toBe(6);
    expect(JSON.parse(err.trim().split('\n').at(-1) ?? '')).toMatchObject({ error: { code: 'unsupported-pass' } });
  });

  it('calibrates with the rows it is given, and says what to give when there are none', async () => {
    const document = JSON.parse(await readFile(recipeFile(RECIPE), 'utf8'));
    document.passes.fp16 = { type: 'OnnxStaticQuantization', data_config: 'xnli' };
    const recipe = join(lab.folder, 'quantizing.json');
    await writeFile(recipe, JSON.stringify(document));
    const command = ['convert', recipe, '--model', lab.model, '--out', join(lab.folder, 'quantized'), '-o', 'json'];
    const without = await lab.grove(...command);
    expect([without.code, without.err]).toEqual([6, expect.stringContaining('--data xnli=FILE')]);
    const { code, out } = await lab.grove(...command, '--data', `xnli=${lab.rows}`);
    expect(code).toBe(0);
    expect(JSON.parse(out)).toMatchObject({
      passes: [{}, { type: 'OnnxStaticQuantization', counts: { weights: expect.any(Number) } }, {}, {}],
    });
  });

  it('ends with 1 for a folder that is no checkpoint', async () => {
    const { code, err } = await lab.grove('convert', recipeFile(RECIPE), '--model', converted, '--out', join(lab.folder, 'none'));
    expect(code).toBe(1);
    expect(err).toContain('(invalid-checkpoint)');
  });

  it('ends with 2 without the folders it needs', async () => {
    const { code, err } = await lab.grove('convert', recipeFile(RECIPE));
    expect(code).toBe(2);
    expect(err).toContain('--model DIR is needed');
  });
});

describe('grove bench', () => {
  it('measures a model in processes of its own and says where its nodes ran', async () => {
    const { code, out } = await lab.grove('bench', join(converted, 'model.onnx'), '--launches', '2', '-o', 'json');
    expect(code).toBe(0);
    const result = JSON.parse(out);
    expect(result).toMatchObject({ ep: 'CPUExecutionProvider', emulated: false, tier: 'smoke', verdict: 'insufficient' });
    expect(result.placement.fellBack).toBe(false);
    expect(result.launches).toHaveLength(2);
    expect(result.inputShapes).toMatchObject({ input_ids: [1, 128] });
    for (const launch of result.launches) expect(launch.sampleCount).toBeGreaterThanOrEqual(64);
  });

  it('lets no library keep a telemetry store, here or in its children', async () => {
    const home = join(lab.folder, 'home');
    await mkdir(home);
    const env = { HOME: home, TMPDIR: home };
    const sources = ['--model', lab.model, '--out', join(lab.folder, 'quiet')];
    expect((await lab.start(['convert', recipeFile(RECIPE), ...sources], env).finished).code).toBe(0);
    expect((await lab.start(['bench', join(converted, 'model.onnx'), '--launches', '1'], env).finished).code).toBe(0);
    expect((await readdir(home, { recursive: true })).filter((path) => path.includes('Microsoft'))).toEqual([]);
  });

  it('compares the outputs with those of a reference model', async () => {
    const model = join(converted, 'model.onnx');
    const { code, out } = await lab.grove('bench', model, '--launches', '1', '--reference', model, '-o', 'json');
    expect(code).toBe(0);
    expect(JSON.parse(out).quality).toMatchObject({
      state: 'measured',
      passed: true,
      bound: { min: 0.99, isDefault: true },
      maxAbsDifference: 0,
    });
  });

  it('ends with 7 for an execution provider this machine lacks', async () => {
    const { code, err } = await lab.grove('bench', join(converted, 'model.onnx'), '--ep', 'QNNExecutionProvider', '-o', 'json');
    expect(code).toBe(7);
    expect(JSON.parse(err.trim().split('\n').at(-1) ?? '')).toMatchObject({ error: { code: 'ep-unavailable' } });
  });

  it('ends with 1 for a file that is no model', async () => {
    const { code, err } = await lab.grove('bench', join(lab.model, 'config.json'));
    expect(code).toBe(1);
    expect(err).toContain('config.json');
  });
});

describe('grove compare --local', () => {
  const model = () => join(converted, 'model.onnx');

  it('alternates launches of two ways to run a model; too few pairs stay open and end with 4', async () => {
    const { code, out } = await lab.grove('compare', model(), '--local', '--b-threads', '1', '--pairs', '2', '-o', 'json');
    expect(code).toBe(4);
    const result = JSON.parse(out);
    expect(result).toMatchObject({ paired: true, pairs: 2, verdict: 'inconclusive', ratio: { low: null } });
    expect([result.a.session.intraOpThreads, result.b.session.intraOpThreads]).toEqual([undefined, 1]);
    for (const side of [result.a, result.b])
      expect(side).toMatchObject({ emulated: false, launches: [{ index: 0 }, { index: 1 }], placement: { fellBack: false } });
  });

  it('asks what is to be compared, and for a package that is installed', async () => {
    const alone = await lab.grove('compare', model(), '--local');
    expect([alone.code, alone.err]).toEqual([2, expect.stringContaining('name a second model')]);
    const unknown = await lab.grove('compare', model(), '--local', '--b-ep', 'QNNExecutionProvider', '--b-ep-package', 'qnn@0.0.1');
    expect([unknown.code, unknown.err]).toEqual([2, expect.stringContaining('no package qnn@0.0.1')]);
  });
});

describe('grove agent doctor', () => {
  it('tells a person what is wrong here and what to do, ends with 1, and records the machine', async () => {
    const record = join(lab.folder, 'machine.json');
    const nobody = ['--agent-url', 'grpc://127.0.0.1:9'];
    const { code, out } = await lab.grove(
      'agent',
      'doctor',
      '--data',
      join(lab.folder, 'doctor'),
      ...nobody,
      '--record',
      record,
      '-o',
      'json',
    );
    expect(code).toBe(1);
    const { findings, devices, states } = JSON.parse(out);
    expect(findings).toContainEqual({
      level: 'problem',
      area: 'coordinator',
      what: expect.stringContaining('ECONNREFUSED'),
      fix: expect.stringContaining('grove up'),
    });
    expect(devices[0].profile.eps[0].name).toBe('CPUExecutionProvider');
    expect(states[devices[0].name]).toMatchObject({ powerSource: expect.any(String), unknown: expect.any(Object) });
    expect(JSON.parse(await readFile(record, 'utf8'))).toMatchObject({ schemaVersion: 1, label: 'recorded', documents: [] });
  });
});
