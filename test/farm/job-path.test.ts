import { readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { planSchema } from '../../api/submit.ts';
import { sha256 } from '../../platform/sha256.ts';
import { benchmarked, converted } from './results.ts';
import { ScriptedAgent } from './scripted-agent.ts';
import { eventually, TestCoordinator } from './test-coordinator.ts';

let farm: TestCoordinator;

beforeEach(async () => {
  farm = await TestCoordinator.start();
});

afterEach(async () => {
  await farm.remove();
});

async function submitUploaded(key: string, change: object = {}) {
  const model = { 'config.json': await farm.upload('{"model_type":"bert"}'), 'model.safetensors': await farm.upload('weights') };
  const request = {
    recipes: [{ catalogueId: 'trtrtx' }],
    model: { kind: 'uploaded', files: model },
    on: 'each-device-model',
    substituteEp: 'cpu',
    tier: 'smoke',
  };
  return farm.post('/jobs', { ...request, ...change }, key);
}

it('takes a job from submit over convert and benchmark to a cell of the matrix', async () => {
  const agent = await ScriptedAgent.join(farm.address, 'lab-1');
  const { status, body } = await submitUploaded('first-submit');
  expect(status).toBe(201);

  const convert = await agent.accept();
  expect(convert.spec.kind).toBe('convert');
  const source = convert.spec.kind === 'convert' ? Object.values(convert.spec.source.files) : [];
  const inputs = await agent.grants(convert.lease, 'get', source);
  const fetched = await Promise.all(inputs.grants.map(async ({ url }) => (await fetch(url)).text()));
  expect(fetched.sort()).toEqual(['weights', '{"model_type":"bert"}']);

  const model = { sha256: sha256('converted'), sizeBytes: 9 };
  const { grants } = await agent.grants(convert.lease, 'put', [model]);
  expect((await fetch(grants[0]?.url ?? '', { method: 'PUT', body: 'converted' })).ok).toBe(true);
  agent.send({ type: 'logChunk', lease: convert.lease, sequence: 0, text: 'converting\n' });
  agent.send({ type: 'logChunk', lease: convert.lease, sequence: 0, text: 'converting\n' });
  expect(await agent.complete(convert.lease, converted(model))).toEqual({ recorded: true, code: null });

  const benchmark = await agent.accept();
  expect(benchmark.conversion?.artifact.files).toEqual({ 'model.onnx': model });
  agent.send({ type: 'progress', lease: benchmark.lease, stage: 'measure', fraction: 0.5, note: 'launch 3 of 5' });
  await eventually(async () => ((await farm.get(`/tasks/${benchmark.lease.taskId}`)).body as { progress: unknown }).progress !== null);
  expect(await agent.complete(benchmark.lease, benchmarked())).toEqual({ recorded: true, code: null });

  const matrix = await farm.matrix();
  const cell = matrix.cells[0]?.[0];
  expect(cell).toMatchObject({ state: 'ok', badges: ['stale', 'substituted'], launches: 5, samplesPerLaunch: 64, p50Ms: { value: 10 } });
  expect(matrix.rows[0]).toMatchObject({ title: 'FP16 for NVIDIA TensorRT-RTX', published: { latencyMs: { avg: 0.63 } } });
  expect(cell?.reproduce).toContain(
    'grove submit ms-marco-MiniLM-L-6-v2/ms-marco-MiniLM-L-6-v2_trtrtx.json --model FOLDER --on lab-1/cpu0',
  );
  const { body: view } = await farm.get(`/cells/${cell?.id}`);
  const rules = (view as { lint: { rule: string }[] }).lint.map(({ rule }) => rule);
  expect(rules).toHaveLength(matrix.rows[0]?.lintFindings ?? 0);
  expect([rules.includes('surgery-after-float16'), rules.at(-1)]).toEqual([true, 'head-dropped']);
  expect(await farm.text(`/tasks/${convert.lease.taskId}/logs?attempt=1`)).toBe('converting\n');
  expect((await farm.get(`/jobs/${body['jobId']}`)).body).toMatchObject({ state: 'completed' });
  agent.close();
});

it('answers a repeated submit with the first job, and refuses its key for another request', async () => {
  const agent = await ScriptedAgent.join(farm.address, 'lab-1');
  const first = await submitUploaded('same-key');
  const again = await submitUploaded('same-key');
  expect([again.status, again.body['jobId'], again.body['created']]).toEqual([200, first.body['jobId'], false]);
  const other = await farm.post('/jobs', { recipes: [{ catalogueId: 'dml' }], on: 'any', waitForDevice: true }, 'same-key');
  expect([other.status, other.body['code']]).toEqual([409, 'idempotency-conflict']);
  agent.close();
});

it('archives a running job again that a coordinator left without its document', async () => {
  const agent = await ScriptedAgent.join(farm.address, 'lab-1');
  const { body } = await submitUploaded('archived-key');
  agent.close();
  const document = await eventually(() => archivedPath(String(body['jobId'])));
  const bytes = await readFile(document, 'utf8');
  await farm.stop();
  await rm(document);
  await farm.start();
  expect(await eventually(() => archivedPath(String(body['jobId'])))).toBe(document);
  expect(await readFile(document, 'utf8')).toBe(bytes);
});

/** Where the artifact store keeps the document of a job; undefined when it has none. */
async function archivedPath(jobId: string): Promise<string | undefined> {
  const root = join(farm.folder, 'coordinator', 'artifacts', 'sha256');
  for (const entry of await readdir(root, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const path = join(entry.parentPath, entry.name);
    const text = await readFile(path, 'utf8');
    if (text.includes('"kind":"job"') && text.includes(`"jobId":"${jobId}"`)) return path;
  }
  return undefined;
}

it('converts once for two jobs', async () => {
  const agent = await ScriptedAgent.join(farm.address, 'lab-1');
  await submitUploaded('job-one-key');
  const convert = await agent.accept();
  const second = await submitUploaded('job-two-key');
  const model = await farm.upload('converted');
  await agent.complete(convert.lease, converted(model));
  const one = await agent.accept();
  await agent.complete(one.lease, benchmarked());
  const two = await agent.accept();
  expect([one.spec.kind, two.spec.kind]).toEqual(['benchmark', 'benchmark']);
  await agent.complete(two.lease, benchmarked());
  expect(await eventually(async () => (await farm.get(`/jobs/${second.body['jobId']}`)).body)).toMatchObject({ state: 'completed' });
  const plan = await eventually(async () => {
    const answer = planSchema.parse((await submitUploaded('job-dry-key', { dryRun: true })).body['plan']);
    return answer.etaMs !== null && answer;
  });
  expect(plan).toMatchObject({
    cachedConversions: 1,
    etaUnknown: '',
    fits: [{ matching: { count: 1, first: ['lab-1/cpu0'] }, refused: [] }],
  });
  expect(plan.tasks[1]?.estimate).toMatchObject({ position: 1, startMs: 0, endMs: expect.any(Number), unknown: '' });
  const third = await submitUploaded('job-three-key');
  expect(third.body['plan']).toMatchObject({ cachedConversions: 1, etaMs: expect.any(Number), etaUnknown: '' });
  const explained = await farm.get(`/jobs/${third.body['jobId']}/explain`);
  expect(explained.body).toMatchObject({ tasks: [{ estimate: { startMs: 0, endMs: expect.any(Number), unknown: '' } }] });
  agent.close();
});

it('resolves a hub model first and links its conversion when the revision is known', async () => {
  const agent = await ScriptedAgent.join(farm.address, 'lab-1');
  await farm.post('/jobs', { recipes: [{ catalogueId: 'trtrtx' }], on: 'any', substituteEp: 'cpu', tier: 'smoke' });
  const resolve = await agent.accept();
  expect(resolve.spec).toMatchObject({ kind: 'resolve', modelId: 'cross-encoder/ms-marco-MiniLM-L-6-v2' });
  const files = { 'config.json': await farm.upload('{}') };
  const origin = { kind: 'hub', id: 'cross-encoder/ms-marco-MiniLM-L-6-v2', revision: 'a'.repeat(40) } as const;
  await agent.complete(resolve.lease, {
    state: 'completed',
    result: { kind: 'resolve', source: { schemaVersion: 1, files, data: {} }, origin },
  });
  const convert = await agent.accept();
  expect(convert.spec.kind).toBe('convert');
  await agent.complete(convert.lease, converted(await farm.upload('converted')));
  const benchmark = await agent.accept();
  expect(benchmark.spec).toMatchObject({ kind: 'benchmark', origin });
  agent.close();
});

it('shows a recipe that nobody can convert as unsupported, with the reason', async () => {
  const agent = await ScriptedAgent.join(farm.address, 'lab-1');
  const { status } = await farm.post('/jobs', {
    recipes: [{ catalogueId: 'context_ov_static' }],
    on: 'each-device-model',
    substituteEp: 'cpu',
  });
  expect(status).toBe(201);
  const cell = (await farm.matrix()).cells[0]?.[0];
  expect(cell).toMatchObject({ state: 'unsupported', code: 'unsupported-pass' });
  expect(cell?.reason).toContain('OpenVINOOptimumConversion');
  agent.close();
});

it('refuses a selector that no known device satisfies, naming each device and why', async () => {
  const agent = await ScriptedAgent.join(farm.address, 'lab-1');
  const { status, body } = await farm.post('/jobs', { recipes: [{ catalogueId: 'trtrtx' }], on: 'any' });
  expect([status, body['code']]).toEqual([422, 'unsatisfiable']);
  expect(body['problems']).toEqual([{ path: 'lab-1/cpu0', message: expect.stringContaining('is a cpu, not a gpu') }]);
  agent.close();
});

it('tells a running attempt to stop when its job is cancelled', async () => {
  const agent = await ScriptedAgent.join(farm.address, 'lab-1');
  const { body } = await submitUploaded('to-be-cancelled');
  const { lease } = await agent.accept();
  await eventually(async () => ((await farm.get(`/tasks/${lease.taskId}`)).body as { state: string }).state === 'running');
  const answer = await farm.post(`/jobs/${body['jobId']}/cancel`, {});
  expect(answer.status).toBe(200);
  expect((await agent.next('cancel')).lease).toMatchObject({ taskId: lease.taskId, attempt: 1 });
  expect(await agent.complete(lease, { state: 'cancelled' })).toEqual({ recorded: true, code: null });
  expect((await farm.get(`/jobs/${body['jobId']}`)).body).toMatchObject({ state: 'cancelled' });
  agent.close();
});
