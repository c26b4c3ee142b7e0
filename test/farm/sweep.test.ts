import { afterEach, beforeEach, expect, it } from 'vitest';
import { createClient, type GroveClient } from '../../api/client.ts';
import type { SubmitRequest } from '../../api/submit.ts';
import type { Blob } from '../../domain/manifest.ts';
import { benchmarked, converted } from './results.ts';
import { ScriptedAgent } from './scripted-agent.ts';
import { eventually, TestCoordinator } from './test-coordinator.ts';

let farm: TestCoordinator;
let client: GroveClient;
let agents: ScriptedAgent[];

beforeEach(async () => {
  farm = await TestCoordinator.start();
  client = createClient({ url: farm.running.url });
  agents = [];
});

afterEach(async () => {
  for (const agent of agents) agent.close();
  await farm.remove();
});

async function join(agentId: string, pool: string): Promise<ScriptedAgent> {
  const agent = await ScriptedAgent.join(farm.address, agentId, { profile: { model: `CPU of ${pool}`, labels: { pool } } });
  agents.push(agent);
  return agent;
}

/** Takes whatever comes until the connection ends. Never waits for an acknowledgement: an assignment that comes before it must not be dropped. */
async function work(agent: ScriptedAgent, model: Blob, served: string[]): Promise<void> {
  try {
    for (;;) {
      const { lease, spec } = await agent.accept();
      served.push(lease.taskId);
      agent.send({ type: 'complete', lease, outcome: spec.kind === 'convert' ? converted(model) : benchmarked() });
    }
  } catch {
    // The test is over.
  }
}

async function sweepOf(models: number, variants: number): Promise<SubmitRequest> {
  const weights = await farm.upload('weights');
  const files = await Promise.all(Array.from({ length: models }, (_, index) => farm.upload(`{"model_type":"bert","index":${index}}`)));
  return {
    recipes: [{ catalogueId: 'trtrtx' }],
    models: files.map((config) => ({ kind: 'uploaded', files: { 'config.json': config, 'model.safetensors': weights } })),
    selectors: [['pool=day'], ['pool=night']],
    variants: Array.from({ length: variants }, (_, index) => [`fixed_shape.dim_value=[1,${64 + index}]`]),
    on: 'each-device',
    substituteEp: 'cpu',
    tier: 'smoke',
  };
}

it('runs every recipe with every model on every device of its selectors, as one job with one progress', async () => {
  for (const [agentId, pool] of [
    ['lab-a', 'day'],
    ['lab-b', 'day'],
    ['lab-c', 'night'],
    ['lab-d', 'other'],
  ] as const)
    await join(agentId, pool);
  const model = await farm.upload('converted');
  const served: string[] = [];
  const seen: string[] = [];
  const stop = new AbortController();
  const request = await sweepOf(4, 3);
  const { jobId, plan } = await client.submit(request);
  expect(plan).toMatchObject({ taskCount: 4 * 3 + 4 * 3 * 3 });
  expect(plan.recipes.map(({ recipeId, tasks }) => [recipeId.split(' --set ')[1], tasks])).toEqual([
    ['fixed_shape.dim_value=[1,64]', 16],
    ['fixed_shape.dim_value=[1,65]', 16],
    ['fixed_shape.dim_value=[1,66]', 16],
  ]);
  const watching = (async () => {
    for await (const event of client.events({ jobId: jobId ?? '', after: 0, signal: stop.signal }))
      if (event.type === 'job') seen.push(event.state);
  })();
  const working = agents.map((agent) => work(agent, model, served));
  const job = await eventually(async () => {
    const view = await client.job(jobId ?? '', { limit: 1 });
    return view.state !== 'running' && view;
  });
  expect(job).toMatchObject({
    state: 'completed',
    priority: 'sweep',
    counts: { completed: 48 },
    modelCount: 4,
    recipeCount: 3,
    taskCount: 48,
  });
  expect(new Set(served).size).toBe(48);
  await expect.poll(() => seen.at(-1)).toBe('completed');
  stop.abort();
  await watching;
  const matrix = await client.matrix();
  expect(matrix.rows.filter(({ recipeId }) => recipeId.includes(' --set ')).length).toBe(12);
  for (const agent of agents) agent.close();
  await Promise.all(working);
});

it('runs again what the matrix shows in a state, on the machine the number is of, and says why', async () => {
  for (const agentId of ['lab-a', 'lab-b']) await join(agentId, 'day');
  const model = await farm.upload('converted');
  const served: string[] = [];
  const working = agents.map((agent) => work(agent, model, served));
  const { selectors: _s, variants: _v, ...request } = await sweepOf(2, 1);
  const first = await client.submit(request);
  const ended = (jobId: string | null) =>
    eventually(async () => {
      const view = await client.job(jobId ?? '', { limit: 200 });
      return view.state !== 'running' && view;
    });
  await ended(first.jobId);
  // Scripted reports name another environment than the devices have.
  expect(await client.rerun({ states: ['failed', 'noisy'] })).toMatchObject({ jobId: null, cells: 0 });
  const dry = await client.rerun({ states: ['stale'], dryRun: true });
  expect(dry).toMatchObject({ jobId: null, created: false, cells: 4, plan: { taskCount: 6, cachedConversions: 2 } });
  const again = await client.rerun({ states: ['stale'], devices: ['lab-b/cpu0'] }, 'rerun-key-1');
  expect(again).toMatchObject({ created: true, cells: 2, plan: { taskCount: 4 } });
  expect(await client.rerun({ states: ['stale'], devices: ['lab-b/cpu0'] }, 'rerun-key-1')).toMatchObject({
    created: false,
    jobId: again.jobId,
  });
  const job = await ended(again.jobId);
  expect(job).toMatchObject({ state: 'completed', priority: 'sweep', cause: { kind: 'rerun', reason: 'run again: stale of lab-b/cpu0' } });
  // Its cell is not stale any more: the key alone says which job is meant.
  expect(await client.rerun({ states: ['stale'], devices: ['lab-b/cpu0'] }, 'rerun-key-1')).toMatchObject({ jobId: again.jobId, cells: 2 });
  const benchmarks = job.tasks.filter(({ kind }) => kind === 'benchmark');
  expect(benchmarks.map(({ attempts }) => attempts.at(-1)?.deviceName)).toEqual(['lab-b/cpu0', 'lab-b/cpu0']);
  expect(served.filter((taskId) => taskId.startsWith('c-'))).toHaveLength(2);
  for (const agent of agents) agent.close();
  await Promise.all(working);
});

it('lets interactive work pass, and is cancelled with one command', async () => {
  for (const pool of ['day', 'night']) await join(`lab-${pool}`, pool);
  const model = await farm.upload('converted');
  const { selectors: _s, variants: _v, models = [], ...plain } = await sweepOf(1, 1);
  const sweep = await client.submit({ ...(await sweepOf(8, 8)), waitForDevice: true });
  const passing = await client.submit({ ...plain, ...(models[0] !== undefined && { model: models[0] }), on: { units: ['lab-day/cpu0'] } });
  const served: string[] = [];
  const working = agents.map((agent) => work(agent, model, served));
  await eventually(async () => (await client.job(passing.jobId ?? '')).state === 'completed');
  const { counts } = await client.job(sweep.jobId ?? '', { limit: 1 });
  expect(counts.waiting + counts.pending).toBeGreaterThan(64);
  expect((await client.cancelJob(sweep.jobId ?? '')).cancelled).toBeGreaterThan(64);
  await eventually(async () => (await client.job(sweep.jobId ?? '', { limit: 1 })).state === 'cancelled');
  for (const agent of agents) agent.close();
  await Promise.all(working);
});
