import { expect } from 'vitest';
import { isSameProcess } from '../../platform/process-identity.ts';
import { eventually } from '../support/grove-process.ts';
import { it } from '../support/lab-test.ts';

it.concurrent('cancels a running task: its process ends and the agent is free for the next job', async ({ lab }) => {
  const agent = await lab.startAgent('lab-a');
  const jobId = await lab.submit('--launches', '9');
  const child = await lab.measuring(agent);
  const answer = await lab.grove('job', 'cancel', jobId);
  expect(answer).toMatchObject({ code: 0, out: '1 task(s) cancelled.\n' });
  await eventually(async () => !(await isSameProcess(child)), 'the child to end');
  expect((await lab.ended(jobId)).state).toBe('cancelled');
  const task = await lab.benchmark(jobId, () => true);
  expect(task).toMatchObject({ state: 'cancelled', attempts: [{ ended: { state: 'cancelled' }, cancelRequestedBy: 'local' }] });
  expect((await lab.client.matrix()).cells.flat().map((cell) => cell?.p50Ms)).not.toContainEqual(expect.anything());

  const next = await lab.submit('--launches', '1');
  expect((await lab.ended(next)).state).toBe('completed');
  expect(await lab.grove('job', 'cancel', jobId)).toEqual(answer);
});

it.concurrent('drains a stopped agent: the task is handed back and another machine completes it', async ({ lab }) => {
  const config = { stopGraceMs: 0 };
  const agents = [await lab.startAgent('lab-a', { config }), await lab.startAgent('lab-b', { config })];
  const jobId = await lab.submit('--launches', '1');
  const holder = (await lab.benchmark(jobId, ({ progress }) => progress?.stage === 'measure')).attempts.at(-1)?.agentId;
  const [busy, spare] = agents[0]?.name === holder ? agents : agents.toReversed();
  const child = await lab.measuring(busy!);
  expect((await busy!.process.end('SIGTERM')).code).toBe(0);
  expect(await isSameProcess(child)).toBe(false);
  expect((await lab.ended(jobId)).state).toBe('completed');
  const task = await lab.benchmark(jobId, () => true);
  expect(task.attempts.map(({ agentId, ended }) => [agentId, ended?.error?.code])).toEqual([
    [busy?.name, 'agent-shutdown'],
    [spare?.name, undefined],
  ]);
});

it.concurrent('lets an agent finish what fits into its grace', async ({ lab }) => {
  const agent = await lab.startAgent('lab-a', { config: { stopGraceMs: 60_000 } });
  const jobId = await lab.submit('--launches', '1');
  await lab.measuring(agent);
  expect((await agent.process.end('SIGTERM')).code).toBe(0);
  expect(await lab.client.job(jobId)).toMatchObject({ state: 'completed' });
  expect((await lab.client.agent('lab-a')).state).not.toBe('idle');
});
