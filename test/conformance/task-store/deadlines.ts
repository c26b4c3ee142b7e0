import { describe, expect, it } from 'vitest';
import type { NewTask } from '../../../coordinator/store/task-store.ts';
import { DEADLINE_NAME } from '../../../domain/job.ts';
import { JOB_SPEC, newTask, resultOf } from './documents.ts';
import { eachFarm, type StoreFactory } from './harness.ts';

const DEADLINE_MS = 5_000;
const DONE = { state: 'completed', result: resultOf('benchmark') } as const;
const CONVERTED = { state: 'completed', result: resultOf('convert') } as const;

/** What becomes of a job whose time is over. */
export function describeDeadlines(makeStore: StoreFactory): void {
  describe('the deadline of a job', () => {
    const farm = eachFarm(makeStore);

    const submit = (jobId: string, tasks: readonly NewTask[], change: { readonly followForMs?: number } = {}) =>
      farm.current.submit(tasks, { jobId, spec: { ...JOB_SPEC, ...change, deadlineMs: DEADLINE_MS } });
    const job = (jobId: string) => farm.current.store.job(jobId);
    /** Lets the time of the jobs be over and says what the store answers. */
    const exceed = async () => {
      farm.current.now += DEADLINE_MS;
      const items = (await farm.current.store.due(farm.current.now, 99)).filter(({ kind }) => kind === 'deadline');
      return farm.current.store.expire({ now: farm.current.now, items });
    };
    const deadlines = async () => (await farm.current.store.due(Number.MAX_SAFE_INTEGER, 99)).filter(({ kind }) => kind === 'deadline');

    it('ends what waits as deadline-exceeded, and nothing before its time', async () => {
      await submit('a', [newTask('a-c', 'convert'), newTask('a-1', 'benchmark', { needs: ['a-c'] })]);
      expect(await deadlines()).toEqual([{ kind: 'deadline', jobId: 'a', deadline: farm.current.now + DEADLINE_MS }]);
      expect(await farm.current.pass(DEADLINE_MS - 1)).toEqual([]);
      await farm.current.pass(1);
      expect(await farm.current.states('a-c', 'a-1')).toEqual(['exception', 'exception']);
      expect(await farm.current.store.task('a-1')).toMatchObject({ error: { code: 'deadline-exceeded', retryable: false } });
      expect(await job('a')).toMatchObject({ state: 'exception', endedAt: farm.current.now });
      expect(await deadlines()).toEqual([]);
    });

    it('has running attempts stopped as a cancel does: whatever they report, the task ends as deadline-exceeded', async () => {
      await farm.current.hello('m');
      await submit('a', [newTask('a-1')]);
      const held = await farm.current.run('m');
      expect(await exceed()).toEqual({ ended: [], stopped: [{ agentId: 'm', taskId: 'a-1', attempt: 1 }] });
      expect(await farm.current.store.task('a-1')).toMatchObject({
        state: 'running',
        attempts: [{ cancelRequestedBy: DEADLINE_NAME, ended: null }],
      });
      await farm.current.complete(held, DONE);
      expect(await farm.current.store.task('a-1')).toMatchObject({
        state: 'exception',
        error: { code: 'deadline-exceeded' },
        result: null,
      });
      expect(await job('a')).toMatchObject({ state: 'exception' });
    });

    it('tells an agent that comes back later to abandon the work', async () => {
      await farm.current.hello('m');
      await submit('a', [newTask('a-1')]);
      const held = await farm.current.run('m');
      await exceed();
      expect(await farm.current.hello('m', { held: [held] })).toMatchObject({ verdicts: [{ verdict: 'abandon' }] });
      expect(await farm.current.store.task('a-1')).toMatchObject({ state: 'exception', error: { code: 'deadline-exceeded' } });
    });

    it('leaves a shared conversion to the other jobs', async () => {
      await farm.current.hello('m');
      const conversion = newTask('c-1', 'convert');
      await submit('a', [conversion, newTask('a-1', 'benchmark', { needs: ['c-1'] })]);
      await farm.current.submit([conversion, newTask('b-1', 'benchmark', { needs: ['c-1'] })], { jobId: 'b' });
      const held = await farm.current.run('m');
      expect(await exceed()).toEqual({ ended: [], stopped: [] });
      expect(await farm.current.store.task('c-1')).toMatchObject({
        state: 'running',
        jobIds: ['b'],
        attempts: [{ cancelRequestedBy: null }],
      });
      expect((await farm.current.store.tasksOf('a')).map(({ state, error }) => [state, error?.code])).toEqual([
        ['exception', 'deadline-exceeded'],
        ['exception', 'deadline-exceeded'],
      ]);
      await farm.current.complete(held, CONVERTED);
      expect(await farm.current.states('c-1', 'b-1')).toEqual(['completed', 'pending']);
      expect(await job('a')).toMatchObject({ state: 'exception' });
    });

    it('is nothing for a job that has ended or was cancelled', async () => {
      await farm.current.hello('m');
      await submit('a', [newTask('a-1')]);
      await submit('b', [newTask('b-1')]);
      await farm.current.complete(await farm.current.run('m'), DONE);
      await farm.current.cancel('b');
      expect(await deadlines()).toEqual([]);
      await exceed();
      expect([(await job('a'))?.state, (await job('b'))?.state]).toEqual(['completed', 'cancelled']);
    });

    it('holds again for a job that runs again, and afterwards the job takes nothing more', async () => {
      await farm.current.hello('m');
      await submit('a', [newTask('a-1')]);
      await farm.current.complete(await farm.current.run('m'), DONE);
      await farm.current.addTasks('a', [newTask('a-2')]);
      expect(await deadlines()).toMatchObject([{ jobId: 'a' }]);
      await exceed();
      expect(await farm.current.states('a-1', 'a-2')).toEqual(['completed', 'exception']);
      await farm.current.addTasks('a', [newTask('a-3')]);
      expect(await farm.current.state('a-3')).toBeUndefined();
    });

    it('ends following the fleet', async () => {
      await submit('a', [], { followForMs: DEADLINE_MS * 10 });
      await exceed();
      expect(await job('a')).toMatchObject({ followsUntil: null });
      expect(await farm.current.store.followingJobs(farm.current.now)).toEqual([]);
    });
  });
}
