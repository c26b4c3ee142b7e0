import { randomBytes } from 'node:crypto';
import { cp, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Explanation } from '../../api/jobs.ts';
import type { ErrorReport } from '../../domain/errors.ts';
import { sha256 } from '../../platform/sha256.ts';
import { safetensorsHeader } from '../support/checkpoint.ts';
import type { Finished } from '../support/grove-process.ts';
import { Lab, RECIPE } from '../support/lab.ts';
import { codeOf, ScriptedAgent } from './scripted-agent.ts';

const CATALOGUE = join(import.meta.dirname, '../../recipes');

let lab: Lab;
/** Accepted before anything bad arrives; completed although all of it does. */
let accepted: string;

beforeAll(async () => {
  lab = await Lab.open();
  await lab.startCoordinator();
  await lab.startAgent('lab-a');
  accepted = await lab.submit('--launches', '1');
});
afterAll(() => lab.close());

/** The error a command printed with `-o json`. */
function errorOf({ err }: Finished): ErrorReport {
  return JSON.parse(err.trim().split('\n').at(-1) ?? '').error;
}

async function submitText(text: string, ...options: readonly string[]): Promise<Finished> {
  const file = join(lab.folder, 'recipe.json');
  await writeFile(file, text);
  return lab.grove('submit', file, ...lab.sources(), ...options, '-o', 'json');
}

/** The catalogue's recipe with a change of its text. */
async function changed(from: string | RegExp, to: string): Promise<string> {
  const text = await readFile(join(CATALOGUE, RECIPE), 'utf8');
  expect(text).toMatch(from);
  return text.replace(from, to);
}

describe('a recipe', () => {
  it('with a typo is refused with line and column', async () => {
    const answer = await submitText('{\n  "input_model": {\n    "type" "HfModel"\n  }\n}\n');
    expect(answer).toMatchObject({ code: 1, out: '' });
    expect(errorOf(answer)).toMatchObject({ code: 'recipe-not-json', message: expect.stringMatching(/recipe\.json.*line 3, column 12/) });
  });

  it('with an unknown pass is refused with its path and the name that was meant', async () => {
    const answer = await submitText(await changed('OnnxFloatToFloat16', 'OnnxFloatToFlaot16'));
    expect(answer).toMatchObject({ code: 1, out: '' });
    expect(errorOf(answer)).toMatchObject({
      code: 'unknown-pass',
      message: expect.stringMatching(/\$\.passes\.fp16.*OnnxFloatToFlaot16.*OnnxFloatToFloat16/),
    });
  });

  it('that refers to a data_config it does not define is refused with the place', async () => {
    const answer = await submitText(await changed('"name": "xnli"', '"name": "xnly"'));
    expect(answer).toMatchObject({ code: 1, out: '' });
    expect(errorOf(answer)).toMatchObject({ code: 'missing-data', message: expect.stringMatching(/\$\..*"xnli"/) });
  });

  it('that is neither in the catalogue nor a file is a usage error', async () => {
    const answer = await lab.grove('submit', 'trtrtxx', '-o', 'json');
    expect(answer).toMatchObject({ code: 2, out: '' });
    expect(errorOf(answer)).toMatchObject({ code: 'unknown-recipe', message: expect.stringContaining('"trtrtxx"') });
  });

  it('is told to a person with place, advice and code', async () => {
    const file = join(lab.folder, 'person.json');
    await writeFile(file, '{ "passes": [ }');
    const { code, err } = await lab.grove('submit', file, ...lab.sources());
    expect(code).toBe(1);
    expect(err).toMatch(/^grove: Recipe person\.json is not JSON: .*line 1, column 15.*\n {2}.+\n {2}\(recipe-not-json\)\n$/s);
  });
});

describe('a checkpoint', () => {
  const header = { a: { dtype: 'F32', shape: [2, 2], data_offsets: [0, 16] } };
  const declared = Buffer.alloc(8);
  declared.writeBigUInt64LE(2n ** 60n);
  const damages: Readonly<Record<string, (whole: Buffer) => Buffer>> = {
    'that is truncated': (whole) => whole.subarray(0, whole.length - 1_000),
    'cut inside its header': (whole) => whole.subarray(0, 100),
    'whose header claims a tensor beyond the file': () => safetensorsHeader(header),
    'whose tensor has another size than its shape': () =>
      Buffer.concat([safetensorsHeader({ a: { ...header.a, shape: [3, 3] } }), Buffer.alloc(16)]),
    'that declares a header of 2^60 bytes': () => Buffer.concat([declared, Buffer.from('{}')]),
  };

  async function damaged(damage: (whole: Buffer) => Buffer): Promise<string> {
    const folder = join(lab.folder, 'damaged');
    await cp(lab.model, folder, { recursive: true });
    const weights = join(folder, 'model.safetensors');
    await writeFile(weights, damage(await readFile(join(lab.model, 'model.safetensors'))));
    return folder;
  }

  for (const [what, damage] of Object.entries(damages)) {
    it(`${what} ends its tasks as failed, naming the file, and nothing is tried again`, async () => {
      const folder = await damaged(damage);
      const answer = await lab.grove('submit', RECIPE, ...lab.sources(folder), '--watch');
      expect(answer.code).toBe(6);
      const jobId = /^job (j-\w+)/m.exec(answer.out)?.[1] ?? '';
      const { state, tasks } = await lab.client.job(jobId);
      expect(state).toBe('failed');
      const convert = tasks.find(({ kind }) => kind === 'convert');
      expect(convert).toMatchObject({
        state: 'failed',
        error: { code: 'invalid-safetensors', message: expect.stringMatching(/^model\.safetensors[:,] ./) },
      });
      expect(convert?.attempts).toHaveLength(1);
    });
  }

  it('without weights is refused before anything is sent', async () => {
    const answer = await lab.grove('submit', RECIPE, '--model', lab.folder, '-o', 'json');
    expect(answer).toMatchObject({ code: 1, out: '' });
    expect(errorOf(answer)).toMatchObject({ code: 'invalid-checkpoint', message: expect.stringContaining(lab.folder) });
  });
});

describe('a data file', () => {
  it('that is not there is named', async () => {
    const answer = await lab.grove('submit', RECIPE, '--model', lab.model, '--data', 'xnli=none.jsonl', '-o', 'json');
    expect(answer).toMatchObject({ code: 1, out: '' });
    expect(errorOf(answer)).toMatchObject({ code: 'invalid-data-file', message: expect.stringContaining('none.jsonl') });
  });

  it('with a broken line ends the conversion as failed with the line', async () => {
    const rows = join(lab.folder, 'broken.jsonl');
    await writeFile(rows, '{"premise":"one"}\n{"premise":\n');
    const answer = await lab.grove('submit', RECIPE, ...lab.sources(), '--data', `xnli=${rows}`, '--watch');
    expect(answer.code).toBe(6);
    const { tasks } = await lab.client.job(/^job (j-\w+)/m.exec(answer.out)?.[1] ?? '');
    expect(tasks.find(({ kind }) => kind === 'convert')?.error).toMatchObject({
      code: 'invalid-data-file',
      message: expect.stringContaining('line 2'),
    });
  });
});

describe('a selector', () => {
  it.each([
    [['--on', 'lab-z/npu0'], 'lab-z/npu0'],
    [['--where', 'pool=nowhere'], 'pool'],
  ])('%j that no device can satisfy ends with 5 and says why for each device', async (selector, word) => {
    const answer = await lab.grove('submit', RECIPE, ...lab.sources(), ...selector, '-o', 'json');
    expect(answer).toMatchObject({ code: 5, out: '' });
    const error = errorOf(answer);
    expect(error).toMatchObject({ code: 'unsatisfiable', advice: expect.stringContaining('--wait-for-device') });
    expect(JSON.stringify(error.problems)).toContain(word);
  });

  it('is refused without a substitution on a machine that lacks the execution provider', async () => {
    const answer = await lab.grove('submit', RECIPE, '--model', lab.model, '--data', `xnli=${lab.rows}`, '-o', 'json');
    expect(answer).toMatchObject({ code: 5, out: '' });
    expect(errorOf(answer).problems).toEqual([{ path: 'lab-a/cpu0', message: expect.stringContaining('gpu') }]);
  });

  it('waits with --wait-for-device, says for what, and runs when the device comes', async () => {
    const jobId = await lab.submit('--launches', '1', '--where', 'pool=late', '--wait-for-device');
    const { tasks } = await lab.json<Explanation>('job', 'explain', jobId, '-o', 'json');
    const task = tasks.find(({ kind }) => kind === 'benchmark');
    expect(task?.matching).toEqual([]);
    expect(task?.refused).toEqual([{ deviceName: 'lab-a/cpu0', lines: [expect.stringContaining('pool')] }]);
    await lab.startAgent('lab-late', { config: { labels: { pool: 'late' } } });
    const job = await lab.ended(jobId);
    expect(job.state).toBe('completed');
    expect(job.tasks.find(({ kind }) => kind === 'benchmark')?.attempts).toMatchObject([{ deviceName: 'lab-late/cpu0' }]);
  });
});

describe('a request', () => {
  async function post(path: string, body: string): Promise<{ readonly status: number; readonly problem: Record<string, unknown> }> {
    const headers = { 'content-type': 'application/json', 'idempotency-key': 'bad-request-key' };
    const response = await fetch(`${lab.url}/api/v1${path}`, { method: 'POST', headers, body });
    expect(response.headers.get('content-type')).toContain('application/problem+json');
    return { status: response.status, problem: (await response.json()) as Record<string, unknown> };
  }

  it.each(['../escape', '/etc/passwd', 'a/../../b', 'C:\\x', 'nul.txt'])('that would store %j is refused with that path', async (path) => {
    const files = { [path]: { sha256: sha256('x'), sizeBytes: 1 } };
    const { status, problem } = await post('/uploads', JSON.stringify({ files }));
    expect(status).toBe(400);
    expect(problem).toMatchObject({
      code: 'invalid-request',
      advice: expect.any(String),
      problems: [{ path: `$.files[${JSON.stringify(path)}]` }],
    });
  });

  it('with too large a body is refused, however it is sent', async () => {
    const body = JSON.stringify({ recipes: [{ name: 'r.json', text: 'x'.repeat(64_000_000) }], on: 'any' });
    expect(await post('/jobs', body).catch(() => 'the connection was closed')).toMatchObject({
      status: 413,
      problem: { code: 'body-too-large' },
    });
  });
});

describe('an upload', () => {
  async function granted(bytes: Buffer): Promise<string> {
    const blob = { sha256: sha256(bytes), sizeBytes: bytes.length };
    const { grants } = await lab.client.createUploads({ 'file.bin': blob });
    return grants[0]?.url ?? '';
  }

  async function put(url: string, body: Buffer): Promise<{ readonly status: number; readonly code: unknown }> {
    const response = await fetch(url, { method: 'PUT', body: new Uint8Array(body) });
    const text = await response.text();
    return { status: response.status, code: text === '' ? '' : JSON.parse(text).code };
  }

  it('of other bytes than announced is refused, and the right ones are taken afterwards', async () => {
    const bytes = randomBytes(100_000);
    const url = await granted(bytes);
    const other = Buffer.from(bytes);
    other[50_000] = (other[50_000] ?? 0) ^ 1;
    expect(await put(url, other)).toEqual({ status: 422, code: 'digest-mismatch' });
    expect(await put(url, bytes.subarray(1))).toEqual({ status: 422, code: 'size-mismatch' });
    expect((await lab.client.createUploads({ 'file.bin': { sha256: sha256(bytes), sizeBytes: bytes.length } })).grants[0]?.present).toBe(
      false,
    );
    expect(await put(url, bytes)).toEqual({ status: 204, code: '' });
    expect(Buffer.from(await (await lab.client.artifact(sha256(bytes))).arrayBuffer())).toEqual(bytes);
  });

  it('to a changed URL is refused', async () => {
    const bytes = randomBytes(10);
    const url = await granted(bytes);
    const foreign = url.replace(sha256(bytes), sha256('other'));
    expect(await put(foreign, bytes)).toEqual({ status: 403, code: 'grant-refused' });
    expect(await put(url.replace(/size=\d+/, 'size=11'), bytes)).toMatchObject({ status: 403, code: 'grant-refused' });
  });
});

describe('a stream', () => {
  it('of noise is refused with malformed-message', async () => {
    const agent = new ScriptedAgent(lab.grpcAddress, 'noise');
    agent.sendBytes(Buffer.from('ffffffffffff', 'hex'));
    expect(codeOf((await agent.next('refused')).errorJson)).toBe('malformed-message');
    expect((await agent.closed).details).toMatch(/^malformed-message: Malformed /);
  });

  it('with a message over the limit is told the limit', async () => {
    const agent = await ScriptedAgent.join(lab.grpcAddress, 'large');
    agent.sendBytes(randomBytes(1_048_577));
    const { errorJson } = await agent.next('refused');
    expect(codeOf(errorJson)).toBe('message-too-large');
    expect(errorJson).toContain('1048576');
    await agent.closed;
  });

  it('with a message far over the limit is ended', async () => {
    const agent = await ScriptedAgent.join(lab.grpcAddress, 'huge');
    agent.sendBytes(randomBytes(8_000_000));
    expect((await agent.closed).details).toContain('larger than max');
  });

  it('that begins with anything but hello is refused', async () => {
    const agent = new ScriptedAgent(lab.grpcAddress, 'rude');
    agent.heartbeat();
    expect(codeOf((await agent.next('refused')).errorJson)).toBe('hello-first');
    await agent.closed;
  });

  it('cannot complete a task with a stale fencing token', async () => {
    const { attempts, taskId } = await lab.benchmark(accepted, ({ state }) => state === 'completed');
    const agent = await ScriptedAgent.join(lab.grpcAddress, 'stale');
    const lease = { taskId, attempt: attempts.length, token: '0'.repeat(32) };
    expect(await agent.complete(lease, { state: 'cancelled' })).toEqual({ recorded: false, code: 'stale-token' });
    expect(await agent.grants(lease, 'get', [{ sha256: sha256('x'), sizeBytes: 1 }])).toMatchObject({ code: 'stale-token' });
    expect((await lab.client.task(taskId)).state).toBe('completed');
    agent.close();
  });
});

describe('after all of it', () => {
  it('the coordinator serves, and what it accepted before is completed', async () => {
    expect(await lab.isServing()).toBe(true);
    expect((await lab.ended(accepted)).state).toBe('completed');
    expect(await lab.logged('internal-error')).toEqual([]);
    expect(await lab.logged('request-failed')).toEqual([]);
  });
});
