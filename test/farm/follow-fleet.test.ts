import { afterEach, beforeEach, expect, it } from 'vitest';
import { createClient, type GroveClient } from '../../api/client.ts';
import type { SubmitRequest } from '../../api/submit.ts';
import { benchmarked, converted } from './results.ts';
import { ScriptedAgent } from './scripted-agent.ts';
import { eventually, TestCoordinator } from './test-coordinator.ts';

let farm: TestCoordinator;
let client: GroveClient;
let agents: ScriptedAgent[];

beforeEach(async () => {
  farm = await TestCoordinator.start(5);
  client = createClient({ url: farm.running.url });
  agents = [];
});

afterEach(async () => {
  for (const agent of agents) agent.close();
  await farm.remove();
});

async function join(agentId: string): Promise<ScriptedAgent> {
  const agent = await ScriptedAgent.join(farm.address, agentId);
  agents.push(agent);
  return agent;
}

async function requestOf(change: Partial<SubmitRequest> = {}): Promise<SubmitRequest> {
  const files = { 'config.json': await farm.upload('{"model_type":"bert"}'), 'model.safetensors': await farm.upload('weights') };
  const model = { kind: 'uploaded', files } as const;
  return { recipes: [{ catalogueId: 'trtrtx' }], model, on: 'each-device', substituteEp: 'cpu', tier: 'smoke', ...change };
}

/** Does one task of this kind. */
async function work(agent: ScriptedAgent, kind: 'convert' | 'benchmark'): Promise<void> {
  const { lease, spec } = await agent.accept();
  expect(spec.kind).toBe(kind);
  await agent.complete(lease, kind === 'convert' ? converted(await farm.upload('converted')) : benchmarked());
}

const stateOf = async (jobId: string | null) => (await client.job(jobId ?? '')).state;

it('takes in devices that appear after it has ended and after a restart, until it is cancelled', async () => {
  const { jobId, plan } = await client.submit(await requestOf({ followForMs: 86_400_000 }));
  expect([plan.taskCount, await stateOf(jobId)]).toEqual([0, 'completed']);
  const first = await join('lab-a');
  await work(first, 'convert');
  await work(first, 'benchmark');
  await eventually(async () => (await stateOf(jobId)) === 'completed');
  expect(await client.job(jobId ?? '')).toMatchObject({ taskCount: 2, followsUntil: expect.any(Number) });

  for (const agent of agents) agent.close();
  await farm.stop();
  await farm.start();
  client = createClient({ url: farm.running.url });
  const second = await join('lab-b');
  await work(second, 'benchmark');
  await eventually(async () => (await client.job(jobId ?? '')).counts['completed'] === 3);

  await client.cancelJob(jobId ?? '');
  expect(await client.job(jobId ?? '')).toMatchObject({ state: 'completed', followsUntil: null });
  await join('lab-c');
  const later = await client.submit(await requestOf({ on: { units: ['lab-c/cpu0'] } }), 'another-key');
  expect(later.plan.cachedConversions).toBe(1);
  expect((await client.job(jobId ?? '')).taskCount).toBe(3);
});

it('leaves jobs alone that follow no fleet', async () => {
  await join('lab-a');
  const { jobId } = await client.submit(await requestOf());
  const following = await client.submit(await requestOf({ followForMs: 60_000 }), 'another-key');
  await join('lab-b');
  await eventually(async () => (await client.job(following.jobId ?? '')).taskCount === 3);
  expect(await client.job(jobId ?? '')).toMatchObject({ taskCount: 2, followsUntil: null });
});
