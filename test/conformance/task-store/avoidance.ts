import { describe, expect, it } from 'vitest';
import { AVOID_MS, LOOKED_AT_PER_LINE } from '../../../coordinator/store/order.ts';
import { SILENCE_MS } from '../../../domain/constants.ts';
import { newTask, resultOf, TRANSFER_FAILED } from './documents.ts';
import { eachFarm, type StoreFactory } from './harness.ts';

const LOST = { state: 'exception', error: TRANSFER_FAILED } as const;
const DONE = { state: 'completed', result: resultOf('benchmark') } as const;

/** A task that failed on one host is tried elsewhere first. */
export function describeAvoidance(makeStore: StoreFactory): void {
  describe('retry elsewhere', () => {
    const farm = eachFarm(makeStore);

    const helloBoth = async () => {
      await farm.current.hello('m');
      await farm.current.hello('n');
    };
    const failOnM = async () => farm.current.complete(await farm.current.run('m'), LOST);
    const avoidOf = async (taskId: string) => (await farm.current.store.task(taskId))?.avoid;

    it('leaves a task to other hosts for a while after an exception', async () => {
      await helloBoth();
      await farm.current.submit([newTask('a-1')]);
      await failOnM();
      expect(await avoidOf('a-1')).toEqual({ hostId: 'host-m', until: farm.current.now + AVOID_MS });
      expect(await farm.current.tryAcquire('m')).toBeUndefined();
      expect(await farm.current.acquire('n')).toMatchObject({ taskId: 'a-1', attempt: 2 });
      expect(await avoidOf('a-1')).toBeNull();
    });

    it('lets the host have it when the time is over, and says so', async () => {
      await helloBoth();
      await farm.current.submit([newTask('a-1')]);
      await failOnM();
      const before = farm.current.events.length;
      farm.current.now += AVOID_MS;
      expect(await farm.current.store.due(farm.current.now, 9)).toContainEqual({
        kind: 'avoid',
        taskId: 'a-1',
        deadline: farm.current.now,
      });
      await helloBoth();
      await farm.current.pass(0);
      expect(farm.current.events.slice(before)).toContainEqual(expect.objectContaining({ type: 'host-free', hostId: 'host-m' }));
      expect(await avoidOf('a-1')).toBeNull();
      expect(await farm.current.acquire('m')).toMatchObject({ taskId: 'a-1', attempt: 2 });
    });

    it('ends by its time even when nobody has looked at what is due', async () => {
      await helloBoth();
      await farm.current.submit([newTask('a-1')]);
      await failOnM();
      farm.current.now += AVOID_MS;
      expect(await farm.current.acquire('m')).toMatchObject({ taskId: 'a-1' });
      expect(await farm.current.store.due(farm.current.now, 99)).not.toContainEqual(expect.objectContaining({ kind: 'avoid' }));
    });

    it('is for tasks that somebody else could take: not with one host, nor when one device is asked for', async () => {
      await farm.current.hello('m');
      await farm.current.submit([newTask('a-1')]);
      await failOnM();
      expect(await farm.current.acquire('m')).toMatchObject({ taskId: 'a-1', attempt: 2 });
      await farm.current.hello('n');
      await farm.current.submit([newTask('b-1', 'benchmark', { requirement: { unit: 'n/cpu0' } })]);
      await farm.current.complete(await farm.current.run('n'), LOST);
      expect(await farm.current.acquire('n')).toMatchObject({ taskId: 'b-1', attempt: 2 });
    });

    it('is for attempts that were accepted', async () => {
      await helloBoth();
      await farm.current.submit([newTask('a-1')]);
      await farm.current.reject(await farm.current.acquire('m'), TRANSFER_FAILED);
      expect(await farm.current.acquire('m')).toMatchObject({ taskId: 'a-1', attempt: 2 });
    });

    it('follows the loss of an agent', async () => {
      await helloBoth();
      await farm.current.submit([newTask('a-1')]);
      await farm.current.run('m');
      await farm.current.pass(SILENCE_MS);
      expect(await avoidOf('a-1')).toMatchObject({ hostId: 'host-m' });
      await farm.current.hello('n');
      expect(await farm.current.acquire('n')).toMatchObject({ taskId: 'a-1' });
    });

    it('passes over such tasks for later ones in their order, a few deep in the line of each submitter', async () => {
      await helloBoth();
      const many = Array.from({ length: LOOKED_AT_PER_LINE + 1 }, (_, index) => `a-${index}`);
      await farm.current.submit(many.map((taskId) => newTask(taskId)));
      // One that ends well in between, so that the agent is not quarantined.
      for (let index = 0; index < LOOKED_AT_PER_LINE - 1; index += 1) {
        await failOnM();
        await farm.current.submit([newTask(`u-${index}`)], { priority: 'urgent' });
        await farm.current.complete(await farm.current.run('m'), DONE);
      }
      await farm.current.submit([newTask('b-1')], { submitter: 'bob' });
      const held = await farm.current.run('m');
      expect(held.taskId).toBe(`a-${LOOKED_AT_PER_LINE - 1}`);
      await farm.current.complete(held, LOST);
      // Eight of ann's avoid the host now; the ninth is not looked at.
      expect(await farm.current.acquire('m')).toMatchObject({ taskId: 'b-1' });
      expect(await farm.current.acquire('n')).toMatchObject({ taskId: 'a-0' });
    });

    it('ends with the task', async () => {
      await helloBoth();
      const jobId = await farm.current.submit([newTask('a-1')]);
      await failOnM();
      await farm.current.cancel(jobId);
      expect(await avoidOf('a-1')).toBeNull();
      expect(await farm.current.store.due(farm.current.now + AVOID_MS, 99)).not.toContainEqual(expect.objectContaining({ kind: 'avoid' }));
    });
  });
}
