import { describe, expect, it } from 'vitest';
import { JOB_SPEC, newTask, PASS_FAILED, resultOf, TRANSFER_FAILED, UNSUPPORTED } from './documents.ts';
import { codeOf } from './farm.ts';
import { eachFarm, type StoreFactory } from './harness.ts';

/** Submit, the states of jobs, and tasks that wait for others. */
export function describeJobs(makeStore: StoreFactory): void {
  describe('jobs', () => {
    const farm = eachFarm(makeStore);

    it('answers a repeated submit with the first job and changes nothing', async () => {
      const { store } = farm.current;
      await farm.current.submit([newTask('a-1')], { jobId: 'a', key: 'key' });
      const repeat = { now: farm.current.now, principal: { kind: 'user', name: 'ann' }, requestDigest: 'same' } as const;
      const { spec, priority } = (await store.job('a')) ?? expect.unreachable();
      const answer = await store.submit({ ...repeat, jobId: 'b', idempotencyKey: 'key', spec, priority, tasks: [newTask('b-1')] });
      expect(answer).toEqual({ jobId: 'a', created: false });
      expect(await store.task('b-1')).toBeUndefined();
      expect(await store.jobs({ limit: 10 })).toHaveLength(1);
    });

    it('refuses a used idempotency key for another request, but only for the same principal', async () => {
      await farm.current.submit([], { jobId: 'a', key: 'key', digest: 'one' });
      expect(await codeOf(farm.current.submit([], { jobId: 'b', key: 'key', digest: 'two' }))).toBe('idempotency-conflict');
      await farm.current.submit([], { jobId: 'c', key: 'key', digest: 'two', submitter: 'bob' });
      expect(await farm.current.store.job('b')).toBeUndefined();
      expect(await farm.current.store.job('c')).toBeDefined();
    });

    it('refuses a need that does not exist and needs that wait for each other, and stores nothing of it', async () => {
      const { store } = farm.current;
      expect(await codeOf(farm.current.submit([newTask('a-1', 'benchmark', { needs: ['gone'] })], { jobId: 'a' }))).toBe('invalid-request');
      const circle = [newTask('b-1', 'convert', { needs: ['b-2'] }), newTask('b-2', 'convert', { needs: ['b-1'] })];
      expect(await codeOf(farm.current.submit(circle, { jobId: 'b' }))).toBe('invalid-request');
      expect(await store.jobs({ limit: 10 })).toEqual([]);
      expect(await store.task('a-1')).toBeUndefined();
      expect(await codeOf(farm.current.submit([], { jobId: 'a', digest: 'corrected' }))).toBeUndefined();
    });

    it('ends a job without tasks at once', async () => {
      const jobId = await farm.current.submit([]);
      expect(await farm.current.store.job(jobId)).toMatchObject({ state: 'completed', endedAt: farm.current.now });
    });

    it('tells which jobs have not ended, oldest first, whatever else there was', async () => {
      const running = async () => (await farm.current.store.runningJobs()).map(({ jobId }) => jobId);
      await farm.current.hello('m');
      await farm.current.submit([], { jobId: 'empty' });
      await farm.current.submit([newTask('b-1')], { jobId: 'b' });
      await farm.current.submit([newTask('a-1')], { jobId: 'a' });
      expect(await running()).toEqual(['b', 'a']);
      expect(await farm.current.store.knownJobs(['a', 'gone', 'empty'])).toEqual(['a', 'empty']);
      expect(await farm.current.store.knownJobs([])).toEqual([]);
      await farm.current.complete(await farm.current.run('m'), { state: 'completed', result: resultOf('benchmark') });
      expect(await running()).toEqual(['a']);
      await farm.current.addTasks('b', [newTask('b-2')]);
      await farm.current.addTasks('empty', [newTask('empty-1')]);
      expect(await running()).toEqual(['empty', 'b', 'a']);
      await farm.current.cancel('empty');
      expect(await running()).toEqual(['b', 'a']);
    });

    it('follows the fleet until its time is over or it is cancelled, also after its tasks have ended', async () => {
      const { store } = farm.current;
      const following = async () => (await store.followingJobs(farm.current.now)).map(({ jobId }) => jobId);
      const spec = (followForMs: number) => ({ ...JOB_SPEC, followForMs });
      await farm.current.submit([], { jobId: 'plain' });
      await farm.current.submit([], { jobId: 'long', spec: spec(1_000) });
      await farm.current.submit([newTask('short-1')], { jobId: 'short', spec: spec(100) });
      expect(await following()).toEqual(['short', 'long']);
      expect(await store.job('long')).toMatchObject({ state: 'completed', followsUntil: farm.current.now + 1_000 });
      expect(await store.job('plain')).toMatchObject({ followsUntil: null });
      farm.current.now += 100;
      expect(await following()).toEqual(['long']);
      expect((await farm.current.cancel('long')).cancelledTasks).toEqual([]);
      expect(await following()).toEqual([]);
      expect(await store.job('long')).toMatchObject({ state: 'completed', followsUntil: null });
      expect(farm.current.events.at(-1)).toMatchObject({ type: 'job', jobId: 'long' });
      await farm.current.addTasks('long', [newTask('long-1')]);
      expect(await store.task('long-1')).toBeUndefined();
      await farm.current.cancel('short');
      expect(await store.job('short')).toMatchObject({ state: 'cancelled', followsUntil: null });
    });

    it('counts tasks by state and ends the job with its last task', async () => {
      await farm.current.hello('m');
      const jobId = await farm.current.submit([newTask('a-1'), newTask('a-2')]);
      expect(await farm.current.store.job(jobId)).toMatchObject({ state: 'running', endedAt: null, counts: { pending: 2 } });
      const first = await farm.current.run('m');
      expect(await farm.current.store.job(jobId)).toMatchObject({ counts: { pending: 1, running: 1 } });
      await farm.current.complete(first, { state: 'completed', result: resultOf('benchmark') });
      const second = await farm.current.run('m');
      farm.current.now += 5;
      await farm.current.complete(second, { state: 'failed', error: PASS_FAILED });
      const job = await farm.current.store.job(jobId);
      expect(job).toMatchObject({
        state: 'failed',
        endedAt: farm.current.now,
        counts: { completed: 1, failed: 1, pending: 0, running: 0 },
      });
      const ends = farm.current.events.filter((event) => event.type === 'job' && event.state !== 'running');
      expect(ends).toHaveLength(1);
    });

    it('names a job by its worst ending', async () => {
      const endedAs = { state: 'exception', error: TRANSFER_FAILED } as const;
      const jobId = await farm.current.submit([
        newTask('a-1', 'benchmark', { endedAs }),
        newTask('a-2', 'benchmark', { endedAs: { state: 'failed', error: PASS_FAILED } }),
      ]);
      expect((await farm.current.store.job(jobId))?.state).toBe('exception');
    });

    it('keeps a task waiting until everything it needs is completed', async () => {
      await farm.current.hello('m');
      await farm.current.submit([
        newTask('c-1', 'convert'),
        newTask('c-2', 'convert'),
        newTask('a-1', 'benchmark', { needs: ['c-1', 'c-2'] }),
      ]);
      for (const after of ['waiting', 'pending']) {
        await farm.current.complete(await farm.current.run('m'), { state: 'completed', result: resultOf('convert') });
        expect(await farm.current.state('a-1')).toBe(after);
      }
    });

    it('fails what needs a task that ended badly, all the way down', async () => {
      await farm.current.hello('m');
      const tasks = [newTask('r', 'resolve'), newTask('c-1', 'convert', { needs: ['r'] }), newTask('a-1', 'benchmark', { needs: ['c-1'] })];
      const jobId = await farm.current.submit(tasks);
      await farm.current.complete(await farm.current.run('m'), { state: 'failed', error: PASS_FAILED });
      expect(await farm.current.states('r', 'c-1', 'a-1')).toEqual(['failed', 'failed', 'failed']);
      expect((await farm.current.store.task('a-1'))?.error).toMatchObject({ code: 'source-failed' });
      expect((await farm.current.store.job(jobId))?.state).toBe('failed');
    });

    it('hands the reason down when a need is unsupported', async () => {
      const endedAs = { state: 'failed', error: UNSUPPORTED } as const;
      await farm.current.submit([newTask('a-1', 'benchmark', { needs: ['c-1'] }), newTask('c-1', 'convert', { endedAs })]);
      expect(await farm.current.states('c-1', 'a-1')).toEqual(['failed', 'failed']);
      expect((await farm.current.store.task('a-1'))?.error).toEqual(UNSUPPORTED);
    });

    it('lists the tasks of a job page by page, all of them or those in some states', async () => {
      const tasks = Array.from({ length: 7 }, (_, index) => newTask(`a-${index}`));
      const jobId = await farm.current.submit(
        tasks.map((task, index) => (index % 2 === 0 ? task : { ...task, endedAs: { state: 'failed', error: PASS_FAILED } as const })),
      );
      const page = async (...args: readonly [offset: number, limit: number, states?: readonly ('pending' | 'failed')[]]) => {
        const [offset, limit, states] = args;
        const found = await farm.current.store.tasksOf(jobId, { offset, limit, ...(states !== undefined && { states }) });
        return found.map(({ taskId }) => taskId);
      };
      expect([await page(0, 3), await page(3, 3), await page(6, 3), await page(7, 3)]).toEqual([
        ['a-0', 'a-1', 'a-2'],
        ['a-3', 'a-4', 'a-5'],
        ['a-6'],
        [],
      ]);
      expect([await page(0, 2, ['failed']), await page(2, 2, ['failed']), await page(0, 9, ['pending', 'failed'])]).toEqual([
        ['a-1', 'a-3'],
        ['a-5'],
        tasks.map(({ taskId }) => taskId),
      ]);
      expect(await farm.current.store.tasksOf('none', { offset: 0, limit: 1 })).toEqual([]);
    });

    it('lists jobs newest first and page by page', async () => {
      for (const jobId of ['a', 'b', 'c']) await farm.current.submit([], { jobId });
      const ids = async (page: { limit: number; before?: string }) => (await farm.current.store.jobs(page)).map(({ jobId }) => jobId);
      expect(await ids({ limit: 2 })).toEqual(['c', 'b']);
      expect(await ids({ limit: 2, before: 'b' })).toEqual(['a']);
      expect(await ids({ limit: 2, before: 'a' })).toEqual([]);
    });
  });

  describe('tasks added later', () => {
    const farm = eachFarm(makeStore);

    it('keeps a benchmark waiting when its source is resolved, until a link names its conversion', async () => {
      await farm.current.hello('m');
      const jobId = await farm.current.submit([newTask('r', 'resolve'), newTask('a-1', 'benchmark', { needs: ['r'] })]);
      await farm.current.complete(await farm.current.run('m'), { state: 'completed', result: resultOf('resolve') });
      expect(await farm.current.state('a-1')).toBe('waiting');
      const spec = { ...newTask('a-1').spec, conversionKey: 'e'.repeat(64) };
      await farm.current.addTasks(jobId, [newTask('c-1', 'convert')], [{ taskId: 'a-1', needs: ['c-1'], spec }]);
      expect(await farm.current.store.task('a-1')).toMatchObject({ state: 'waiting', needs: ['r', 'c-1'], spec });
      await farm.current.complete(await farm.current.run('m'), { state: 'completed', result: resultOf('convert') });
      expect(await farm.current.state('a-1')).toBe('pending');
    });

    it('changes nothing when the same tasks and links are added again', async () => {
      await farm.current.hello('m');
      const jobId = await farm.current.submit([newTask('r', 'resolve'), newTask('a-1', 'benchmark', { needs: ['r'] })]);
      await farm.current.complete(await farm.current.run('m'), { state: 'completed', result: resultOf('resolve') });
      const link = { taskId: 'a-1', needs: ['c-1'], spec: newTask('a-1').spec };
      await farm.current.addTasks(jobId, [newTask('c-1', 'convert')], [link]);
      const conversion = await farm.current.run('m');
      const before = await farm.current.store.tasksOf(jobId);
      await farm.current.addTasks(jobId, [newTask('c-1', 'convert')], [link]);
      expect(await farm.current.store.tasksOf(jobId)).toEqual(before);
      await farm.current.complete(conversion, { state: 'completed', result: resultOf('convert') });
      await farm.current.addTasks(jobId, [newTask('c-1', 'convert')], [link]);
      expect(await farm.current.state('a-1')).toBe('pending');
      expect((await farm.current.store.job(jobId))?.counts).toMatchObject({ completed: 2, pending: 1 });
    });

    it('starts a linked benchmark at once when its conversion is completed already', async () => {
      await farm.current.hello('m');
      await farm.current.submit([newTask('c-1', 'convert')]);
      await farm.current.complete(await farm.current.run('m'), { state: 'completed', result: resultOf('convert') });
      const jobId = await farm.current.submit([newTask('r', 'resolve'), newTask('b-1', 'benchmark', { needs: ['r'] })]);
      await farm.current.complete(await farm.current.run('m'), { state: 'completed', result: resultOf('resolve') });
      await farm.current.addTasks(jobId, [newTask('c-1', 'convert')], [{ taskId: 'b-1', needs: ['c-1'], spec: newTask('b-1').spec }]);
      expect(await farm.current.state('b-1')).toBe('pending');
    });

    it('takes nothing into a cancelled job', async () => {
      const jobId = await farm.current.submit([newTask('r', 'resolve'), newTask('a-1', 'benchmark', { needs: ['r'] })]);
      await farm.current.cancel(jobId);
      await farm.current.addTasks(jobId, [newTask('c-1', 'convert')], [{ taskId: 'a-1', needs: ['c-1'], spec: newTask('a-1').spec }]);
      expect(await farm.current.store.task('c-1')).toBeUndefined();
      expect((await farm.current.store.job(jobId))?.state).toBe('cancelled');
    });

    it('runs an ended job again when the fleet grows, and ends it again', async () => {
      const jobId = await farm.current.submit([]);
      await farm.current.addTasks(jobId, [newTask('a-1')]);
      expect(await farm.current.store.job(jobId)).toMatchObject({ state: 'running', endedAt: null });
    });

    it('refuses an unknown job and an unknown task in a link', async () => {
      expect(await codeOf(farm.current.addTasks('nobody', []))).toBe('not-found');
      const jobId = await farm.current.submit([]);
      const link = { taskId: 'gone', needs: [], spec: newTask('gone').spec };
      expect(await codeOf(farm.current.addTasks(jobId, [newTask('a-1')], [link]))).toBe('not-found');
      expect(await farm.current.store.task('a-1')).toBeUndefined();
    });
  });
}
