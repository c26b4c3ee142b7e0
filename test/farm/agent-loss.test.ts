import { expect } from 'vitest';
import { isSameProcess } from '../../platform/process-identity.ts';
import { eventually } from '../support/grove-process.ts';
import type { Lab, LabAgent } from '../support/lab.ts';
import { it } from '../support/lab-test.ts';

/** Splits two agents into the one that measures a task and the other. */
async function whoMeasures(
  lab: Lab,
  jobId: string,
  agents: readonly LabAgent[],
): Promise<{ readonly busy: LabAgent; readonly spare: LabAgent }> {
  const task = await lab.benchmark(jobId, ({ progress }) => progress?.stage === 'measure');
  const holder = task.attempts.at(-1)?.agentId;
  return { busy: agents.find(({ name }) => name === holder)!, spare: agents.find(({ name }) => name !== holder)! };
}

it.concurrent('loses an agent killed in mid-task: its child dies too, the task is retried elsewhere and counted once', async ({ lab }) => {
  const agents = [await lab.startAgent('lab-a'), await lab.startAgent('lab-b')];
  const jobId = await lab.submit('--launches', '1');
  const { busy, spare } = await whoMeasures(lab, jobId, agents);
  const child = await lab.measuring(busy);
  await busy.process.end('SIGKILL');
  await eventually(async () => !(await isSameProcess(child)), 'the child to die');

  const job = await lab.ended(jobId);
  expect(job.state).toBe('completed');
  const task = await lab.benchmark(jobId, () => true);
  expect(task.attempts.map(({ agentId, ended }) => [agentId, ended?.state, ended?.error?.code])).toEqual([
    [busy.name, 'exception', 'agent-lost'],
    [spare.name, 'completed', undefined],
  ]);
  await lab.delivered(spare);
  const cells = (await lab.client.matrix()).cells.flat();
  expect(cells).toHaveLength(1);
  expect(cells[0]).toMatchObject({ launches: 1, units: [`${spare.name}/cpu0`], provenance: { attempt: 2 } });
  expect((await lab.logged('result-recorded')).filter((line) => line['taskId'] === task.taskId)).toHaveLength(1);
});

it.concurrent('ends what an agent left when it starts again, before it takes work', async ({ lab }) => {
  const agent = await lab.startAgent('lab-a');
  const jobId = await lab.submit('--launches', '1');
  const child = await lab.measuring(agent);
  await agent.process.end('SIGKILL');
  const again = await lab.startAgent('lab-a');
  expect(await isSameProcess(child)).toBe(false);
  expect((await lab.ended(jobId)).state).toBe('completed');
  const task = await lab.benchmark(jobId, () => true);
  expect(task.attempts.map(({ ended }) => ended?.state)).toEqual(['exception', 'completed']);
  await lab.delivered(again);
});

it.concurrent('refuses a second process with the identity of a living agent', async ({ lab }) => {
  await lab.startAgent('lab-a');
  const copy = lab.start(['agent', 'run', '--agent-url', `grpc://${lab.grpcAddress}`, '--name', 'lab-a', '--data', 'copy']);
  await copy.until(() => (copy.err.includes('"code":"duplicate-agent"') ? true : undefined));
  expect((await lab.client.agent('lab-a')).state).toBe('idle');
});
