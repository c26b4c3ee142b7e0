import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { TaskSummary, TaskView } from '../../api/tasks.ts';
import type { Blob } from '../../domain/manifest.ts';
import { RecordingTerminal } from '../terminal.cases.ts';
import { chooseConversion } from './choose-conversion.ts';
import { type PullClient, type PullOptions, runPull } from './run-pull.ts';

let folder = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'grove-pull-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const blobOf = (text: string): Blob => ({ sha256: createHash('sha256').update(text).digest('hex'), sizeBytes: Buffer.byteLength(text) });

const CONTENTS = { 'model.onnx': 'the graph', 'model.onnx.data': 'the weights, which are long', 'model_config.json': '{}' };

const TASK: TaskSummary = {
  taskId: 'c-1',
  kind: 'convert',
  jobIds: ['j-1'],
  recipeId: 'm/m_trtrtx.json',
  recipeDigest: 'd',
  modelId: null,
  state: 'completed',
  error: null,
  priority: 'interactive',
  submitter: 'local',
  needs: [],
  requirement: {
    kind: 'convert',
    ep: 'CPUExecutionProvider',
    deviceClass: 'cpu',
    toolchains: [],
    capabilities: [],
    labels: {},
    minMemoryBytes: 0,
    exclusivity: 'shared',
  },
  createdAt: 0,
  enqueuedAt: 0,
  endedAt: 1,
  maxAttempts: 3,
  attempts: [],
  progress: null,
  summary: '',
};

const benchmarkOf = (recipeId: string, conversion: string): TaskSummary => ({
  ...TASK,
  taskId: `b-${recipeId}`,
  kind: 'benchmark',
  recipeId,
  needs: [conversion],
});

function resultOf(contents: Readonly<Record<string, string>>): TaskView['result'] {
  return {
    kind: 'convert',
    artifact: { schemaVersion: 1, files: Object.fromEntries(Object.entries(contents).map(([path, text]) => [path, blobOf(text)])) },
    reference: null,
    report: {
      schemaVersion: 2,
      engineVersion: '0',
      ortLibraryDigest: '0'.repeat(64),
      durationMs: 1,
      rssPeakBytes: 1,
      sourceBytes: 1,
      resultBytes: 1,
      passes: [],
      findings: [],
      producer: { agentId: 'lab-a', profileDigest: '0'.repeat(64) },
    },
  };
}

/** A farm that holds one job; `served` counts the bytes it gave out. */
function farm(contents: Readonly<Record<string, string>>, { breakAfter = Number.POSITIVE_INFINITY, lie = '' } = {}) {
  const counts = { served: 0 };
  const byDigest = new Map(Object.values(contents).map((text) => [blobOf(text).sha256, text]));
  const client: PullClient = {
    wholeJob: async () => ({ jobId: 'j-1', tasks: [TASK] }),
    task: async () => ({ ...TASK, result: resultOf(contents) }),
    async *download({ sha256 }, { offset = 0 } = {}) {
      const bytes = Buffer.from(lie || (byDigest.get(sha256) ?? '')).subarray(offset);
      for (const byte of bytes) {
        if (counts.served >= breakAfter) throw new Error('cut');
        counts.served += 1;
        yield Uint8Array.of(byte);
      }
    },
  };
  return { client, counts };
}

async function pull(client: PullClient, options: Partial<PullOptions> = {}): Promise<RecordingTerminal> {
  const terminal = new RecordingTerminal();
  const context = { terminal, interrupted: new AbortController().signal };
  await runPull(client, 'j-1', { options: { output: 'table', out: join(folder, 'out'), ...options }, context });
  return terminal;
}

const here = (name: string): Promise<string> => readFile(join(folder, 'out', name), 'utf8');

describe('grove pull', () => {
  it('brings every file and says where the model comes from', async () => {
    const terminal = await pull(farm(CONTENTS).client);
    for (const [name, text] of Object.entries(CONTENTS)) expect(await here(name)).toBe(text);
    expect(JSON.parse(await here('conversion.json'))).toMatchObject({
      jobId: 'j-1',
      taskId: 'c-1',
      report: { producer: { agentId: 'lab-a' } },
    });
    expect((await readdir(join(folder, 'out'))).sort()).toEqual(['conversion.json', ...Object.keys(CONTENTS)].sort());
    expect(terminal.written).toMatch(/^model\.onnx\.data +27 B +[0-9a-f]{12} +downloaded$/m);
  });

  it('continues what broke off, byte for byte', async () => {
    const total = Object.values(CONTENTS).join('').length;
    const broken = farm(CONTENTS, { breakAfter: 10 });
    await expect(pull(broken.client)).rejects.toThrow('cut');
    expect(await readdir(join(folder, 'out'))).not.toContain('model.onnx');
    const second = farm(CONTENTS);
    await pull(second.client);
    expect(broken.counts.served + second.counts.served).toBe(total);
    expect(await here('model.onnx.data')).toBe(CONTENTS['model.onnx.data']);
  });

  it('downloads nothing that is here already', async () => {
    await pull(farm(CONTENTS).client);
    const again = farm(CONTENTS);
    expect((await pull(again.client)).written).toMatch(/kept$/m);
    expect(again.counts.served).toBe(0);
  });

  it('refuses bytes of another digest and leaves none of them', async () => {
    await expect(pull(farm(CONTENTS, { lie: 'something else' }).client)).rejects.toMatchObject({ code: 'digest-mismatch' });
    expect(await readdir(join(folder, 'out'))).toEqual([]);
    await pull(farm(CONTENTS).client);
    expect(await here('model.onnx')).toBe(CONTENTS['model.onnx']);
  });

  it('replaces other files of the same names only when told to', async () => {
    await mkdir(join(folder, 'out'));
    await writeFile(join(folder, 'out', 'model.onnx'), 'mine');
    const { client, counts } = farm(CONTENTS);
    await expect(pull(client)).rejects.toMatchObject({ code: 'invalid-argument', message: expect.stringContaining('model.onnx') });
    expect({ ...counts, mine: await here('model.onnx') }).toEqual({ served: 0, mine: 'mine' });
    await pull(client, { overwrite: true });
    expect(await here('model.onnx')).toBe(CONTENTS['model.onnx']);
  });

  it('leaves no old graph beside new weights when replacing breaks off', async () => {
    await mkdir(join(folder, 'out'));
    for (const name of ['model.onnx', 'model.onnx.data', 'model_config.json']) await writeFile(join(folder, 'out', name), 'old');
    await expect(pull(farm(CONTENTS, { breakAfter: 10 }).client, { overwrite: true })).rejects.toThrow('cut');
    expect(await readdir(join(folder, 'out'))).not.toContain('model.onnx');
  });

  it("leaves a note of the model's name alone that tells of something else", async () => {
    await mkdir(join(folder, 'out'));
    await writeFile(join(folder, 'out', 'conversion.json'), '{"mine":true}');
    const { client, counts } = farm(CONTENTS);
    await expect(pull(client)).rejects.toMatchObject({ code: 'invalid-argument', message: expect.stringContaining('conversion.json') });
    expect({ ...counts, mine: await here('conversion.json') }).toEqual({ served: 0, mine: '{"mine":true}' });
    await pull(client, { overwrite: true });
    expect(await here('conversion.json')).toContain('c-1');
  });

  it.each(['../escape', '/etc/passwd', 'a/../../b', 'C:\\x'])('refuses a manifest that leaves the folder: %s', async (path) => {
    await expect(pull(farm({ ...CONTENTS, [path]: 'evil' }).client)).rejects.toMatchObject({ code: 'unsafe-path' });
    expect(await readdir(folder)).toEqual([]);
  });

  it('makes the folders a manifest names', async () => {
    await pull(farm({ ...CONTENTS, 'sub/part.bin': 'inside' }).client);
    expect(await here('sub/part.bin')).toBe('inside');
  });
});

describe('chooseConversion', () => {
  const other = { ...TASK, taskId: 'c-2', recipeId: 'm/m_dml.json' };
  const tasks = [
    TASK,
    other,
    benchmarkOf('m/m_trtrtx.json', 'c-1'),
    benchmarkOf('m/m_copy.json', 'c-1'),
    benchmarkOf('m/m_dml.json', 'c-2'),
  ];
  const choose = (recipe: string | undefined, all: readonly TaskSummary[] = tasks) =>
    chooseConversion({ jobId: 'j-1', tasks: [...all] }, recipe).taskId;

  it('takes the only one', () => {
    expect(choose(undefined, [TASK])).toBe('c-1');
  });

  it('takes the one whose recipe is named, by label or id, also a recipe that shares it', () => {
    expect(['trtrtx', 'm/m_trtrtx.json', 'copy', 'dml'].map((recipe) => choose(recipe))).toEqual(['c-1', 'c-1', 'c-1', 'c-2']);
  });

  it('refuses to guess among several, and names them', () => {
    expect(() => choose(undefined)).toThrow('choose one with --recipe (trtrtx or copy, dml)');
    expect(() => choose('qdq')).toThrow('no recipe of it is called "qdq", but trtrtx, copy, dml');
    expect(() => choose(undefined, [])).toThrow('it converts nothing');
  });

  it('says why there is no model yet', () => {
    expect(() => choose(undefined, [{ ...TASK, state: 'running' }])).toThrow('j-1 trtrtx: running');
  });
});
