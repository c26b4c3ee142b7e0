import { expect } from 'vitest';
import type { TaskSummary } from '../../api/tasks.ts';
import type { Lab } from '../support/lab.ts';
import { it } from '../support/lab-test.ts';

async function conversionOf(lab: Lab, jobId: string): Promise<TaskSummary> {
  const { tasks } = await lab.client.job(jobId);
  return tasks.find(({ kind }) => kind === 'convert')!;
}

/** Results that were recorded for a task: the attempts that count. */
async function recorded(lab: Lab, taskId: string): Promise<number> {
  const lines = await lab.logged('result-recorded');
  return lines.filter((line) => line['taskId'] === taskId && line['recorded'] === true).length;
}

it.concurrent('converts once for a job and for the job that follows', async ({ lab }) => {
  await lab.startAgent('lab-a');
  const first = await lab.submit('--launches', '1');
  expect((await lab.ended(first)).state).toBe('completed');
  const answer = await lab.grove('submit', 'trtrtx', ...lab.sources(), '--tier', 'smoke', '--launches', '1', '--watch');
  expect(answer).toMatchObject({ code: 0 });
  expect(answer.out).toContain('1 conversion(s) already stored');
  const second = /^job (j-\w+)/m.exec(answer.out)?.[1] ?? '';
  const conversion = await conversionOf(lab, second);
  expect(conversion).toEqual(await conversionOf(lab, first));
  expect(conversion.attempts).toHaveLength(1);
  expect(await recorded(lab, conversion.taskId)).toBe(1);
});

it.concurrent('converts once for two jobs submitted at the same time to two machines', async ({ lab }) => {
  await lab.startAgent('lab-a');
  await lab.startAgent('lab-b');
  const jobs = await Promise.all([
    lab.submit('--launches', '1', '--on', 'lab-a/cpu0'),
    lab.submit('--launches', '1', '--on', 'lab-b/cpu0'),
  ]);
  const ended = await Promise.all(jobs.map((jobId) => lab.ended(jobId)));
  expect(ended.map(({ state }) => state)).toEqual(['completed', 'completed']);
  const [one, two] = await Promise.all(jobs.map((jobId) => conversionOf(lab, jobId)));
  expect(one).toEqual(two);
  expect(one?.attempts).toHaveLength(1);
  expect(await recorded(lab, one?.taskId ?? '')).toBe(1);
  const { cells } = await lab.client.matrix();
  expect(
    cells
      .flat()
      .flatMap((cell) => cell?.units ?? [])
      .sort(),
  ).toEqual(['lab-a/cpu0', 'lab-b/cpu0']);
});

it.concurrent('converts again when a parameter, the task or the rows differ', async ({ lab }) => {
  await lab.startAgent('lab-a');
  const variants = [[], ['--set', 'fixed_shape.dim_value=[1,64]'], ['--task', 'text-classification']];
  const jobs = await Promise.all(variants.map((variant) => lab.submit(...variant, '--dry-run')));
  expect(jobs).toEqual([null, null, null]);
  const planned = await Promise.all(variants.map((variant) => lab.submit(...variant, '--launches', '1')));
  const conversions = await Promise.all(planned.map((jobId) => conversionOf(lab, jobId)));
  expect(new Set(conversions.map(({ taskId }) => taskId)).size).toBe(3);
});
