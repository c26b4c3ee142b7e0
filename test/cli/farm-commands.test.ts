import { existsSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { AgentList, AgentView } from '../../api/agents.ts';
import type { Explanation, JobList, JobView } from '../../api/jobs.ts';
import type { CellView, MatrixList } from '../../api/matrix.ts';
import type { RecipeList, RecipeView } from '../../api/recipes.ts';
import { archiveOf, type Entry, manifestOf, newKey, signedHead } from '../../cli/bundle/bundle.cases.ts';
import { verifyBundle } from '../../cli/bundle/verify-bundle.ts';
import type { Replay } from '../../cli/replay/replay-verdict.ts';
import type { GroveProcess } from '../support/grove-process.ts';
import { Lab, RECIPE } from '../support/lab.ts';

let lab: Lab;
let coordinator: GroveProcess;
let jobId: string;

beforeAll(async () => {
  lab = await Lab.open();
  coordinator = await lab.startCoordinator();
  await lab.startAgent('lab-a');
  jobId = await lab.submit('--launches', '1');
});
afterAll(() => lab.close());

async function table(...args: readonly string[]): Promise<string> {
  const { code, out, err } = await lab.grove(...args);
  expect({ code, err }).toEqual({ code: 0, err: '' });
  return out;
}

/** What a replay on the machine that measured it says: of one launch a side nothing but that it can be done, with the same outputs. */
async function replayed(...args: readonly string[]): Promise<Replay> {
  const { code, out, err } = await lab.grove('replay', ...args, '-o', 'json');
  expect({ code, err }).toMatchObject({ code: 4, err: expect.stringMatching(/^intact, signed by [0-9a-f]{16}/) });
  const replay: Replay = JSON.parse(out);
  expect(replay).toMatchObject({ state: 'replayed', quality: { state: 'equal' }, ratio: { low: null, high: null } });
  return replay;
}

describe('a running job', () => {
  it('is watched to its end, line by line where there is no terminal', async () => {
    const { code, out } = await lab.grove('job', 'watch', jobId);
    expect(code).toBe(0);
    expect(out.trimEnd().split('\n').at(-1)).toMatch(/^benchmark trtrtx: done, [\d.]+ ms.*, goal latency-avg/);
  });

  it('is interrupted with 130 and goes on', async () => {
    const second = await lab.submit('--launches', '3');
    const watching = lab.start(['job', 'watch', second]);
    await watching.until(() => (watching.out.includes('benchmark trtrtx:') ? true : undefined));
    const { code, err } = await watching.end('SIGINT');
    expect(code).toBe(130);
    expect(err).toContain(`grove job watch ${second}`);
    const explained = await lab.json<Explanation>('job', 'explain', second, '-o', 'json');
    expect(explained.tasks).toMatchObject([{ kind: 'benchmark', matching: [{ deviceName: 'lab-a/cpu0' }] }]);
    expect(await table('job', 'explain', second)).toMatch(/^benchmark trtrtx: (pending|leased|running)/);
    expect((await lab.grove('job', 'cancel', second)).code).toBe(0);
    expect((await lab.ended(second)).state).toBe('cancelled');
  });

  it('that has been cancelled is watched with 1', async () => {
    const { jobs } = await lab.client.jobs();
    const cancelled = jobs.find(({ state }) => state === 'cancelled');
    expect((await lab.grove('job', 'watch', cancelled?.jobId ?? '')).code).toBe(1);
  });
});

describe('a completed job', () => {
  it('is in the list', async () => {
    const { jobs } = await lab.json<JobList>('job', 'list', '--json');
    expect(jobs.find((job) => job.jobId === jobId)).toMatchObject({
      state: 'completed',
      submitter: 'local',
      recipes: [{ recipeId: RECIPE }],
    });
    expect(await table('job', 'list')).toMatch(new RegExp(`^${jobId} +completed +\\S+ +local +2 of 2.* +trtrtx$`, 'm'));
    expect((await lab.json<JobList>('job', 'list', '--limit', '1', '-o', 'json')).jobs).toHaveLength(1);
  });

  it('is shown with its tasks', async () => {
    const { tasks } = await lab.json<JobView>('job', 'view', jobId, '-o', 'json');
    expect(tasks.map(({ kind, state }) => [kind, state])).toEqual([
      ['convert', 'completed'],
      ['benchmark', 'completed'],
    ]);
    expect(await table('job', 'view', jobId)).toMatch(/benchmark trtrtx +done +lab-a\/cpu0 +- +1$/m);
  });

  it('has a cell that people pin, acknowledge and annotate', async () => {
    const named = 'trtrtx@lab-a/cpu0';
    const { cell } = await lab.json<CellView>('cell', 'show', named, '--json');
    expect(await table('cell', 'show', cell.id)).toMatch(new RegExp(`^cell +${cell.id}$`, 'm'));
    expect(await table('cell', 'pin', named, '--reason', 'release 4')).toMatch(/^baseline +local +\S+ \S+ +release 4$/m);
    expect(await table('cell', 'ack', cell.id)).toMatch(/^acknowledged +local /m);
    expect(await table('cell', 'note', cell.id, 'asked the vendor')).toMatch(/^note +local +\S+ \S+ +asked the vendor$/m);
    const after = await lab.json<CellView>('cell', 'show', cell.id, '-o', 'json');
    expect(after.cell.badges).toContain('acknowledged');
    expect(after.cell.curation).toMatchObject({ baseline: { taskIds: [cell.provenance.taskId] }, notes: [{ text: 'asked the vendor' }] });
    await table('cell', 'ack', cell.id, '--remove');
    expect(await table('cell', 'pin', cell.id, '--remove')).not.toMatch(/^(acknowledged|baseline)/m);
    expect((await lab.grove('cell', 'show', 'nothing@lab-a/cpu0')).code).toBe(1);
  });

  it('has a matrix that programs read, lists of what to look at, and a gate', async () => {
    expect(await table('matrix')).toMatch(/^cell\tmodel\trecipe\t.*\n[0-9a-f]{16}\t/);
    expect(await table('matrix', '-o', 'csv')).toMatch(/^cellId,modelId,/);
    expect(await table('matrix', '-o', 'junit')).toContain('<testcase ');
    expect(await table('matrix', '--list', 'new')).toMatch(/\ttrtrtx\t/);
    expect((await lab.json<MatrixList>('matrix', '--list', 'stale', '--json')).cells).toEqual([]);
    const gate = (...args: readonly string[]) => lab.grove('gate', ...args);
    expect(await gate()).toMatchObject({ code: 4, out: expect.stringContaining('### Grove gate: inconclusive') });
    expect(await gate('--on-missing', 'ignore', '--on-noisy', 'ignore', '-o', 'json')).toMatchObject({ code: 0 });
    expect((await gate('--max-regression', 'much')).code).toBe(2);
  });

  it('has nothing left to explain', async () => {
    expect(await table('job', 'explain', jobId)).toBe('Every task of this job has ended.\n');
  });

  it('has a log for each task', async () => {
    const all = await table('job', 'logs', jobId);
    expect(all).toMatch(/^==> convert trtrtx \(c-[0-9a-f]{64}\)$/m);
    expect(all).toMatch(/^Launch 1: p50 [\d.]+ ms over \d+ inferences\.$/m);
    const { tasks } = await lab.client.job(jobId);
    const one = await table('job', 'logs', tasks[1]?.taskId ?? '', '--attempt', '1', '--follow');
    expect(one).toContain('Launch 1: p50');
    expect(one).not.toContain('==>');
  });

  it('gives its model back, which runs here', async () => {
    const folder = join(lab.folder, 'pulled');
    const pulled = await table('pull', jobId, '--out', folder);
    expect(pulled).toMatch(/^model\.onnx +[\d.]+ k?B +[0-9a-f]{12} +downloaded$/m);
    expect(await table('pull', jobId, '--out', folder, '--recipe', 'trtrtx')).toMatch(/^model\.onnx .* kept$/m);
    const { problems } = await lab.json<{ problems: unknown[] }>('inspect', folder, '-o', 'json');
    expect(problems).toEqual([]);
    const { code, err } = await lab.grove('pull', jobId, '--out', folder, '--recipe', 'dml');
    expect(code).toBe(2);
    expect(err).toContain('no recipe of it is called "dml", but trtrtx');
  });

  it('has evidence that is verified, and measured again, without the farm', async () => {
    const [cell] = (await lab.client.matrix()).cells.flat().filter((one) => one !== null);
    const file = join(lab.folder, 'evidence.tar');
    expect(await table('bundle', 'create', cell?.id ?? '', '--out', file)).toContain(`the evidence of ${cell?.provenance.taskId}`);
    const key = (await table('bundle', 'key')).trim();
    expect(await table('bundle', 'verify', file, '--key', key)).toMatch(/^intact: .*\n.*\nsigned by [0-9a-f]{16}, the key you named\n$/);
    expect(await replayed(file, '--key', key)).toMatchObject({
      differences: [],
      verdict: 'inconclusive',
      here: { launches: [{ index: 0 }] },
    });
    const bytes = await readFile(file);
    const at = (await verifyBundle(file)).members.get('model/model.onnx')?.offset ?? 0;
    bytes.writeUInt8(bytes.readUInt8(at) ^ 1, at);
    await writeFile(file, bytes);
    const { code, out } = await lab.grove('bundle', 'verify', file, '-o', 'json');
    expect(code).toBe(1);
    expect(JSON.parse(out)).toMatchObject({ intact: false, problems: [{ member: 'model/model.onnx' }] });
    expect(await lab.grove('replay', file)).toMatchObject({ code: 1, out: '', err: expect.stringContaining('(invalid-bundle)') });
  });

  it('has evidence without its model, which is measured with the model that was pulled and no other', async () => {
    const [cell] = (await lab.client.matrix()).cells.flat().filter((one) => one !== null);
    const file = join(lab.folder, 'without.tar');
    await table('bundle', 'create', cell?.id ?? '', '--out', file, '--without-model');
    expect(await lab.grove('replay', file)).toMatchObject({ code: 2, err: expect.stringContaining('give the folder of it with --model') });
    const folder = join(lab.folder, 'pulled');
    expect(await replayed(file, '--model', folder)).toMatchObject({ differences: [] });
    await writeFile(join(folder, 'model.onnx'), 'another');
    expect(await lab.grove('replay', file, '--model', folder)).toMatchObject({ err: expect.stringContaining('(digest-mismatch)') });
  });

  it('measured on an execution provider that is not here is unsupported when it is measured again', async () => {
    const [cell] = (await lab.client.matrix()).cells.flat().filter((one) => one !== null);
    const file = join(lab.folder, 'elsewhere.tar');
    await table('bundle', 'create', cell?.id ?? '', '--out', file);
    const { manifest, members } = await verifyBundle(file);
    const archive = await readFile(file);
    const entries = (manifest?.members ?? []).map(({ path }): Entry => {
      const { offset = 0, sizeBytes = 0 } = members.get(path) ?? {};
      return [path, archive.subarray(offset, offset + sizeBytes)];
    });
    const moved = entries.map(
      ([path, bytes]): Entry => [
        path,
        path === 'result.json'
          ? Buffer.from(Buffer.from(bytes).toString().replaceAll('CPUExecutionProvider', 'CUDAExecutionProvider'))
          : bytes,
      ],
    );
    await writeFile(file, archiveOf([...signedHead(manifestOf(moved), newKey()), ...moved]));
    const { code, out } = await lab.grove('replay', file, '-o', 'json');
    expect({ code, replay: JSON.parse(out) }).toMatchObject({
      code: 5,
      replay: { state: 'unsupported', why: expect.stringContaining('of this machine offers CUDAExecutionProvider') },
    });
  });

  it('that does not exist is an error that names it', async () => {
    const { code, err } = await lab.grove('job', 'view', 'j-none', '-o', 'json');
    expect(code).toBe(1);
    expect(JSON.parse(err)).toMatchObject({ error: { code: 'not-found', message: 'There is no job "j-none".' } });
  });
});

describe('agents and recipes', () => {
  it('are listed and shown', async () => {
    const { agents } = await lab.json<AgentList>('agent', 'list', '-o', 'json');
    expect(agents).toMatchObject([{ agentId: 'lab-a', devices: [{ name: 'lab-a/cpu0' }] }]);
    expect(await table('agent', 'list')).toContain('lab-a/cpu0');
    const agent = await lab.json<AgentView>('agent', 'show', 'lab-a', '-o', 'json');
    expect(agent.devices[0]?.profile).toMatchObject({ class: 'cpu', emulated: false });
    expect(await table('agent', 'show', 'lab-a')).toContain('CPUExecutionProvider');
    const { recipes } = await lab.json<RecipeList>('recipe', 'list', '-o', 'json');
    expect(recipes).toHaveLength(5);
    expect(await table('recipe', 'list')).toContain(RECIPE);
    const recipe = await lab.json<RecipeView>('recipe', 'show', RECIPE, '-o', 'json');
    expect(recipe.passes.map(({ type }) => type)).toContain('OnnxFloatToFloat16');
    expect(JSON.parse(await table('recipe', 'show', RECIPE, '--text'))).toHaveProperty('input_model');
  });
});

describe('grove down', () => {
  it('stops the coordinator in good order, and then nobody answers', async () => {
    expect(await table('down')).toContain(lab.url);
    expect((await coordinator.finished).code).toBe(0);
    expect(existsSync(join(lab.dataFolder, 'farm.json'))).toBe(false);
    const { code, err } = await lab.grove('down', '-o', 'json').then(() => lab.grove('job', 'list', '--json'));
    expect(code).toBe(7);
    expect(JSON.parse(err)).toMatchObject({ error: { code: 'not-running', message: `No farm answers at ${lab.url}.` } });
  });

  it('leaves everything in place for the next start', async () => {
    await lab.startCoordinator();
    const { jobs } = await lab.json<JobList>('job', 'list', '--json');
    expect(jobs.map(({ state }) => state).sort()).toEqual(['cancelled', 'completed']);
  });
});

describe('an agent', () => {
  it('is paused, shown so with its reason, and resumed', async () => {
    expect(await table('agent', 'pause', 'lab-a', '--for', '30m', '--reason', 'needs its GPU')).toMatch(
      /^agent lab-a is paused \(by local, until .*: needs its GPU\)/,
    );
    expect(await table('agent', 'list')).toContain('needs its GPU');
    expect(await lab.json<AgentView>('agent', 'resume', 'lab-a', '-o', 'json')).toMatchObject({ state: 'idle', mark: null });
    expect(await table('agent', 'drain', 'lab-a')).toContain('is draining');
    expect(await table('agent', 'recover', 'lab-a')).toContain('is idle');
  });

  it('is not paused for a time that is none, nor when nobody knows it', async () => {
    expect(await lab.grove('agent', 'pause', 'lab-a', '--for', 'soon')).toMatchObject({ code: 2 });
    expect((await lab.grove('agent', 'pause', 'nobody')).err).toContain('nobody');
  });
});
