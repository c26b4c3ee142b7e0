import { expect } from 'vitest';
import { eventually } from '../support/grove-process.ts';
import type { Lab, LabAgent } from '../support/lab.ts';
import { it } from '../support/lab-test.ts';

/** Every task of the job completed in its first attempt, and each result was recorded once. */
async function expectCountedOnce(lab: Lab, agent: LabAgent, jobId: string): Promise<void> {
  const job = await lab.ended(jobId);
  await lab.delivered(agent);
  expect(job.state).toBe('completed');
  expect(job.tasks.map(({ attempts }) => attempts.length)).toEqual(job.tasks.map(() => 1));
  const recorded = (await lab.logged('result-recorded')).filter((line) => line['recorded'] === true);
  expect(recorded.map((line) => line['taskId']).sort()).toEqual(job.tasks.map(({ taskId }) => taskId).sort());
}

it.concurrent('is killed and restarted while a task runs: the task goes on and its result counts once', async ({ lab }) => {
  const agent = await lab.startAgent('lab-a');
  const jobId = await lab.submit('--launches', '2');
  await lab.measuring(agent);
  await lab.killCoordinator();
  await lab.startCoordinator();
  await expectCountedOnce(lab, agent, jobId);
  expect(agent.process.err).toContain('"heldLeases":1');
  expect(agent.process.err).not.toContain('"event":"taskDropped"');
});

it.concurrent('is killed between many submits: every accepted job is there afterwards, and each submit can be repeated', async ({
  lab,
}) => {
  await lab.startAgent('lab-a');
  const keys = Array.from({ length: 12 }, (_, index) => `repeatable-${index}`);
  const request = { recipes: [{ catalogueId: 'context_ov_static' }], on: 'any' as const, substituteEp: 'cpu' as const };
  const accepted = new Map<string, string | null>();
  const submits = keys.map(async (key) => {
    const answer = await lab.client.submit(request, key).catch(() => undefined);
    if (answer !== undefined) accepted.set(key, answer.jobId);
  });
  await eventually(async () => accepted.size >= 2, 'two accepted jobs');
  await lab.killCoordinator();
  await Promise.all(submits);
  await lab.startCoordinator();

  const { jobs } = await lab.client.jobs({ limit: 100 });
  const known = new Set(jobs.map(({ jobId }) => jobId));
  expect([...accepted.values()].filter((jobId) => !known.has(jobId ?? ''))).toEqual([]);
  const again = await Promise.all(keys.map((key) => lab.client.submit(request, key)));
  for (const [index, key] of keys.entries()) {
    if (accepted.has(key)) expect(again[index]).toMatchObject({ jobId: accepted.get(key), created: false });
  }
  expect((await lab.client.jobs({ limit: 100 })).jobs).toHaveLength(keys.length);
});

it.concurrent('is away while a result is ready: the agent keeps it and delivers it afterwards', async ({ lab }) => {
  const link = await lab.openLink();
  const agent = await lab.startAgent('lab-a', { url: link.url });
  const cut = link.once(
    'cut',
    (message) => message.from === 'agent' && message.$case === 'complete' && !/^c-/.test(message.value.lease?.taskId ?? ''),
  );
  const jobId = await lab.submit('--launches', '1');
  await cut;
  await lab.killCoordinator();
  expect(await lab.unsentResults(agent)).toHaveLength(1);
  await lab.startCoordinator();
  await expectCountedOnce(lab, agent, jobId);
});

it.concurrent('and its agent are both killed: the accepted job is completed by those who come back', async ({ lab }) => {
  const agent = await lab.startAgent('lab-a');
  const jobId = await lab.submit('--launches', '1');
  await lab.measuring(agent);
  await Promise.all([lab.killCoordinator(), agent.process.end('SIGKILL')]);
  await lab.startCoordinator();
  await lab.startAgent('lab-a');
  const job = await lab.ended(jobId);
  expect(job.state).toBe('completed');
  const task = await lab.benchmark(jobId, () => true);
  expect(task.attempts.map(({ ended }) => ended?.error?.code)).toEqual(['agent-lost', undefined]);
});
