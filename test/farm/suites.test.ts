import { afterEach, beforeEach, expect, it } from 'vitest';
import { createClient, type GroveClient } from '../../api/client.ts';
import { ScriptedAgent, type ScriptedHello } from './scripted-agent.ts';
import { eventually, TestCoordinator } from './test-coordinator.ts';

const SUITE = 'minilm-native';
const TRT = 'NvTensorRTRTXExecutionProvider';

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

/** A machine whose CPU resolves and converts, with a GPU of this driver. */
async function join(agentId: string, driver: string): Promise<ScriptedAgent> {
  const { deviceOf } = await import('./devices.ts');
  const gpu = { class: 'gpu', model: 'RTX 4090', driver, eps: [{ name: TRT, version: '1', libraryDigest: null }] } as const;
  const hello: ScriptedHello = { devices: [deviceOf(`${agentId}/cpu0`), deviceOf(`${agentId}/gpu0`, { ...gpu, eps: [...gpu.eps] })] };
  const agent = await ScriptedAgent.join(farm.address, agentId, hello);
  agents.push(agent);
  return agent;
}

const jobsNow = async () => (await client.jobs()).jobs;

it('runs a suite where devices fit, and leaves the other recipes out', async () => {
  await expect(client.runSuite(SUITE, {})).rejects.toMatchObject({ code: 'unsatisfiable' });
  await join('lab-a', '1.0');
  const dry = await client.runSuite(SUITE, { dryRun: true });
  expect(dry.jobs).toMatchObject([{ jobId: null, plan: { taskCount: 2, fits: [{ matching: { first: ['lab-a/gpu0'] } }] } }]);
  expect(dry.skipped.map((id) => id.replace(/.*L-6-v2_/, ''))).toEqual(['qdq_amd.json', 'qdq_qnn.json', 'dml.json']);
  const first = await client.runSuite(SUITE, { priority: 'urgent' }, 'suite-key-1');
  expect(first.jobs).toMatchObject([{ created: true }]);
  expect(await client.runSuite(SUITE, { priority: 'urgent' }, 'suite-key-1')).toMatchObject({
    jobs: [{ created: false, jobId: first.jobs[0]?.jobId }],
  });
  const job = await client.job(first.jobs[0]?.jobId ?? '');
  expect(job).toMatchObject({ priority: 'urgent', cause: { kind: 'suite', reason: `suite ${SUITE}` } });
});

it('runs a pinned suite once for every environment of a device, also over a restart', async () => {
  await join('lab-a', '1.0');
  const pinned = await client.pinSuite(SUITE, { where: ['driver>=1.0'] });
  expect(pinned.pin).toMatchObject({ units: null, where: ['driver>=1.0'], by: 'local' });
  await eventually(async () => (await jobsNow()).length === 1);
  const [first] = await jobsNow();
  expect(first).toMatchObject({
    priority: 'sweep',
    submitter: 'coordinator',
    on: { units: ['lab-a/gpu0'] },
    cause: { kind: 'environment', reason: `suite ${SUITE}: lab-a/gpu0 has no result of it in its environment` },
  });

  // A task that waits would bring a result of whatever environment there is by then.
  await client.cancelJob(first?.jobId ?? '');
  for (const agent of agents) agent.close();
  await farm.stop();
  await farm.start();
  client = createClient({ url: farm.running.url });
  await join('lab-a', '1.0');
  await join('lab-b', '1.0');
  await eventually(async () => (await jobsNow()).length === 2);
  expect((await jobsNow())[0]).toMatchObject({ on: { units: ['lab-b/gpu0'] } });

  await join('lab-a', '1.1');
  await eventually(async () => (await jobsNow()).length === 3);
  expect((await jobsNow())[0]).toMatchObject({ on: { units: ['lab-a/gpu0'] } });

  expect((await client.unpinSuite(SUITE)).pin).toBeNull();
  await join('lab-a', '1.2');
  const later = await client.runSuite(SUITE, {});
  await eventually(async () => (await jobsNow()).some(({ jobId }) => jobId === later.jobs[0]?.jobId));
  expect(await jobsNow()).toHaveLength(4);
});

it('lists suites and refuses one that does not exist', async () => {
  expect((await client.suites()).suites).toMatchObject([
    { name: SUITE, submits: [{ on: 'each-device-model', tier: 'standard' }], pin: null },
  ]);
  for (const asked of [client.suite('gone'), client.runSuite('gone', {}), client.pinSuite('gone', {}), client.unpinSuite('gone')])
    await expect(asked).rejects.toMatchObject({ code: 'not-found' });
  await expect(client.pinSuite(SUITE, { where: ['class>=3'] })).rejects.toMatchObject({ code: 'invalid-request' });
});
