import { describe, expect, it } from 'vitest';
import { newTask, resultOf } from './documents.ts';
import { eachFarm, type StoreFactory } from './harness.ts';

/** What the store tells, and the queries that serve the matrix. */
export function describeEvents(makeStore: StoreFactory): void {
  describe('events', () => {
    const farm = eachFarm(makeStore);

    it('are numbered without gaps and can be read again from any point', async () => {
      await farm.current.hello('m');
      await farm.current.submit([newTask('1'), newTask('2')]);
      await farm.current.complete(await farm.current.run('m'), { state: 'completed', result: resultOf('benchmark') });
      const { events, store } = farm.current;
      expect(events.map(({ sequence }) => sequence)).toEqual(events.map((_, index) => index + 1));
      expect(await store.eventsSince(0, 1_000)).toEqual(events);
      expect(await store.eventsSince(3, 2)).toEqual(events.slice(3, 5));
      expect(await store.eventsSince(events.length, 10)).toEqual([]);
    });

    it('follow a task through its life and tell each job, queue and host once per command', async () => {
      await farm.current.hello('m');
      farm.current.events.length = 0;
      const jobId = await farm.current.submit([newTask('1'), newTask('2')]);
      const types = farm.current.events.map(({ type }) => type);
      expect(types).toEqual(['task', 'task', 'job', 'ready']);
      await farm.current.complete(await farm.current.run('m'), { state: 'completed', result: resultOf('benchmark') });
      const life = farm.current.events.flatMap((event) =>
        event.type === 'task' && event.taskId === '1' ? [[event.state, event.attempt]] : [],
      );
      expect(life).toEqual([
        ['pending', 0],
        ['leased', 1],
        ['running', 1],
        ['completed', 1],
      ]);
      expect(farm.current.events.at(-1)).toMatchObject({ type: 'host-free', hostId: 'host-m' });
      const jobEvents = farm.current.events.filter((event) => event.type === 'job');
      expect(jobEvents.at(-1)).toMatchObject({ jobId, state: 'running', counts: { completed: 1, pending: 1 } });
    });

    it('stop when the listener unsubscribes', async () => {
      let heard = 0;
      const stop = farm.current.store.subscribe(() => {
        heard += 1;
      });
      stop();
      await farm.current.submit([newTask('1')]);
      expect(heard).toBe(0);
    });

    it('list every benchmark for the matrix and nothing else', async () => {
      await farm.current.submit([newTask('c', 'convert'), newTask('1', 'benchmark', { needs: ['c'] }), newTask('2')]);
      expect((await farm.current.store.benchmarks()).map(({ taskId }) => taskId)).toEqual(['1', '2']);
      expect((await farm.current.store.benchmarks({ offset: 1, limit: 5 })).map(({ taskId }) => taskId)).toEqual(['2']);
      expect(await farm.current.store.benchmarks({ offset: 2, limit: 5 })).toEqual([]);
    });
  });
}
