import { describe, expect, it } from 'vitest';
import { LEASE_MS, STREAM_GRACE_MS } from '../../../domain/constants.ts';
import { newTask, PASS_FAILED, resultOf, TRANSFER_FAILED, UNSUPPORTED } from './documents.ts';
import { codeOf } from './farm.ts';
import { eachFarm, type StoreFactory } from './harness.ts';

const CONVERTED = { state: 'completed', result: resultOf('convert') } as const;

/** Conversions that several jobs wait for, and cancelling. */
export function describeSharing(makeStore: StoreFactory): void {
  const conversion = () => newTask('c-1', 'convert');
  const benchmark = (taskId: string) => newTask(taskId, 'benchmark', { needs: ['c-1'] });

  describe('a shared conversion', () => {
    const farm = eachFarm(makeStore);

    it('is one task for all jobs and moves all of them', async () => {
      await farm.current.hello('m');
      const jobs = [
        await farm.current.submit([conversion(), benchmark('a-1')]),
        await farm.current.submit([conversion(), benchmark('b-1')]),
      ];
      expect((await farm.current.store.task('c-1'))?.jobIds).toEqual(jobs);
      await farm.current.complete(await farm.current.run('m'), CONVERTED);
      expect(await farm.current.states('a-1', 'b-1')).toEqual(['pending', 'pending']);
      for (const jobId of jobs) expect((await farm.current.store.job(jobId))?.counts).toMatchObject({ completed: 1, pending: 1 });
    });

    it('that is completed lets a later job start at once', async () => {
      await farm.current.hello('m');
      await farm.current.submit([conversion()]);
      await farm.current.complete(await farm.current.run('m'), CONVERTED);
      const jobId = await farm.current.submit([conversion(), benchmark('b-1')]);
      expect(await farm.current.state('b-1')).toBe('pending');
      expect(await farm.current.store.job(jobId)).toMatchObject({ counts: { completed: 1, pending: 1 } });
      expect((await farm.current.store.tasksOf(jobId)).map(({ taskId, state }) => [taskId, state])).toEqual([
        ['c-1', 'completed'],
        ['b-1', 'pending'],
      ]);
    });

    it('has the priority of its most urgent waiter, and loses it with that waiter', async () => {
      await farm.current.submit([conversion()], { priority: 'sweep' });
      await farm.current.submit([newTask('other', 'convert')]);
      const urgent = await farm.current.submit([conversion()], { priority: 'urgent' });
      expect(await farm.current.store.task('c-1')).toMatchObject({ priority: 'urgent' });
      expect(await farm.current.store.position('c-1')).toBe(1);
      await farm.current.cancel(urgent);
      expect(await farm.current.store.task('c-1')).toMatchObject({ priority: 'sweep', state: 'pending' });
      expect(await farm.current.store.position('c-1')).toBe(2);
    });

    it('is cancelled only with its last waiter', async () => {
      const [first, second] = [
        await farm.current.submit([conversion(), benchmark('a-1')]),
        await farm.current.submit([conversion(), benchmark('b-1')]),
      ];
      expect((await farm.current.cancel(first)).cancelledTasks).toEqual(['c-1', 'a-1']);
      expect(await farm.current.states('c-1', 'a-1', 'b-1')).toEqual(['pending', 'cancelled', 'waiting']);
      expect((await farm.current.store.job(first))?.state).toBe('cancelled');
      expect((await farm.current.store.tasksOf(first)).map(({ state }) => state)).toEqual(['cancelled', 'cancelled']);
      await farm.current.cancel(second);
      expect(await farm.current.states('c-1', 'b-1')).toEqual(['cancelled', 'cancelled']);
    });

    it.each([
      ['failed', { state: 'failed', error: PASS_FAILED }],
      ['exception', { state: 'exception', error: { ...TRANSFER_FAILED, retryable: false } }],
    ] as const)('that ended as %s runs afresh for a later job; the earlier one keeps its ending', async (ending, outcome) => {
      await farm.current.hello('m');
      const earlier = await farm.current.submit([conversion(), benchmark('a-1')]);
      const first = await farm.current.run('m');
      await farm.current.complete(first, outcome);
      const before = await farm.current.store.job(earlier);
      const later = await farm.current.submit([conversion(), benchmark('b-1')]);
      expect(await farm.current.states('c-1', 'b-1')).toEqual(['pending', 'waiting']);
      const second = await farm.current.run('m');
      expect(second.attempt).toBe(first.attempt + 1);
      expect(await codeOf(farm.current.complete({ ...first }, CONVERTED))).toBe('stale-token');
      await farm.current.complete(second, CONVERTED);
      expect(await farm.current.states('c-1', 'b-1')).toEqual(['completed', 'pending']);
      expect(await farm.current.store.job(earlier)).toEqual(before);
      expect((await farm.current.store.tasksOf(earlier)).map(({ state }) => state)).toEqual([ending, 'failed']);
      expect((await farm.current.store.job(later))?.counts).toMatchObject({ completed: 1, pending: 1 });
    });

    it('that an engine found unsupported is remembered', async () => {
      await farm.current.hello('m');
      await farm.current.submit([conversion()]);
      await farm.current.complete(await farm.current.run('m'), { state: 'failed', error: UNSUPPORTED });
      const jobId = await farm.current.submit([conversion(), benchmark('b-1')]);
      expect(await farm.current.states('c-1', 'b-1')).toEqual(['failed', 'failed']);
      expect((await farm.current.store.task('b-1'))?.error).toEqual(UNSUPPORTED);
      expect((await farm.current.store.job(jobId))?.state).toBe('failed');
    });

    it('that ended before any attempt is tried when a later submit can run it', async () => {
      await farm.current.submit([newTask('c-1', 'convert', { endedAs: { state: 'failed', error: UNSUPPORTED } })]);
      await farm.current.submit([conversion()]);
      expect(await farm.current.state('c-1')).toBe('pending');
    });
  });

  describe('cancelling', () => {
    const farm = eachFarm(makeStore);

    it('ends what waits at once and asks for what runs', async () => {
      await farm.current.hello('m');
      const jobId = await farm.current.submit([
        newTask('1'),
        newTask('2'),
        newTask('c-9', 'convert'),
        newTask('3', 'benchmark', { needs: ['c-9'] }),
      ]);
      const held = await farm.current.run('m');
      const answer = await farm.current.cancel(jobId);
      expect([...answer.cancelledTasks].sort()).toEqual(['2', '3', 'c-9']);
      expect(answer.running).toEqual([{ agentId: 'm', taskId: '1', attempt: 1 }]);
      expect(await farm.current.states('1', '2', '3', 'c-9')).toEqual(['running', 'cancelled', 'cancelled', 'cancelled']);
      expect((await farm.current.store.task('1'))?.attempts).toMatchObject([{ cancelRequestedBy: 'ann' }]);
      expect(await farm.current.cancel(jobId)).toEqual(answer);
      expect(await farm.current.complete(held, { state: 'cancelled' })).toEqual({ state: 'cancelled', recorded: true });
      expect(await farm.current.store.job(jobId)).toMatchObject({
        state: 'cancelled',
        endedAt: farm.current.now,
        counts: { cancelled: 4 },
      });
    });

    it.each([
      ['completed', { state: 'completed', result: resultOf('benchmark') }],
      ['failed', { state: 'failed', error: PASS_FAILED }],
      ['exception', { state: 'exception', error: TRANSFER_FAILED }],
    ] as const)('ends a running task as cancelled although its agent reports %s', async (_, outcome) => {
      await farm.current.hello('m');
      const jobId = await farm.current.submit([newTask('1')]);
      const held = await farm.current.run('m');
      await farm.current.cancel(jobId);
      expect(await farm.current.complete(held, outcome)).toEqual({ state: 'cancelled', recorded: true });
      expect(await farm.current.complete(held, outcome)).toEqual({ state: 'cancelled', recorded: false });
      expect((await farm.current.store.task('1'))?.result).toBeNull();
    });

    it('ends a running task as cancelled when its lease ends or its agent is lost', async () => {
      await farm.current.hello('m');
      await farm.current.hello('n');
      const jobs = [await farm.current.submit([newTask('1')]), await farm.current.submit([newTask('2')])];
      await farm.current.run('m');
      await farm.current.acquire('n');
      for (const jobId of jobs) await farm.current.cancel(jobId);
      await farm.current.closeStream('n');
      await farm.current.pass(STREAM_GRACE_MS);
      expect(await farm.current.state('2')).toBe('cancelled');
      await farm.current.pass(LEASE_MS);
      expect(await farm.current.state('1')).toBe('cancelled');
    });

    it('abandons the cancelled work of an agent that comes back with it', async () => {
      await farm.current.hello('m');
      const jobId = await farm.current.submit([newTask('1')]);
      const held = await farm.current.run('m');
      await farm.current.closeStream('m');
      await farm.current.cancel(jobId);
      const { verdicts } = await farm.current.hello('m', { held: [held] });
      expect(verdicts).toMatchObject([{ verdict: 'abandon' }]);
      expect(await farm.current.state('1')).toBe('cancelled');
      await farm.current.submit([newTask('2')]);
      expect(await farm.current.tryAcquire('m')).toBeUndefined();
      await farm.current.heartbeat('m');
      expect(await farm.current.tryAcquire('m')).toMatchObject({ taskId: '2' });
    });

    it('of a running conversion is undone by a new waiter', async () => {
      await farm.current.hello('m');
      const first = await farm.current.submit([conversion()]);
      const held = await farm.current.run('m');
      await farm.current.cancel(first);
      const second = await farm.current.submit([conversion(), benchmark('b-1')]);
      expect((await farm.current.store.job(first))?.state).toBe('cancelled');
      expect(await farm.current.complete(held, { state: 'cancelled' })).toEqual({ state: 'pending', recorded: true });
      await farm.current.complete(await farm.current.run('m'), CONVERTED);
      expect(await farm.current.states('c-1', 'b-1')).toEqual(['completed', 'pending']);
      expect((await farm.current.store.job(first))?.counts).toMatchObject({ cancelled: 1, completed: 0 });
      expect((await farm.current.store.job(second))?.counts).toMatchObject({ completed: 1, pending: 1 });
    });

    it('changes nothing in a job that has ended, and refuses one that does not exist', async () => {
      const jobId = await farm.current.submit([]);
      expect(await farm.current.cancel(jobId)).toEqual({ cancelledTasks: [], running: [] });
      expect((await farm.current.store.job(jobId))?.state).toBe('completed');
      expect(await codeOf(farm.current.cancel('nobody'))).toBe('not-found');
    });
  });
}
