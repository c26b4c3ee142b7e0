import { describe, expect, it } from 'vitest';
import { JOB_SPEC, newTask } from './documents.ts';
import { eachFarm, type StoreFactory } from './harness.ts';

/** More than any store tells in one answer. */
const MANY = 520;

/** Lists that grow with the farm. */
export function describeLists(makeStore: StoreFactory): void {
  describe('a long list', () => {
    const farm = eachFarm(makeStore);
    const names = Array.from({ length: MANY }, (_, index) => `x${String(index).padStart(4, '0')}`);

    it('has every job that runs or follows the fleet once, in its order, although all of them end at the same moment', async () => {
      const { store } = farm.current;
      const spec = { ...JOB_SPEC, followForMs: 1_000 };
      for (const jobId of names.toReversed()) await farm.current.submit([newTask(`${jobId}-1`, 'resolve')], { jobId, spec });
      expect((await store.runningJobs()).map(({ jobId }) => jobId)).toEqual(names.toReversed());
      expect((await store.followingJobs(farm.current.now)).map(({ jobId }) => jobId)).toEqual(names);
      expect(await store.followingJobs(farm.current.now + 1_000)).toEqual([]);
    });

    it('has every agent and every queue once, in the order in which they came', async () => {
      const { store } = farm.current;
      for (const agentId of names.toReversed()) await farm.current.hello(agentId);
      expect((await store.agents()).map(({ agentId }) => agentId)).toEqual(names.toReversed());
      const tasks = names.map((unit) => newTask(`t-${unit}`, 'benchmark', { requirement: { unit } }));
      await farm.current.submit(tasks);
      expect((await store.queues()).map(({ requirement }) => requirement.unit)).toEqual(names);
    });

    it('has everything that is said about cells', async () => {
      const cellIds = names.map((_, index) => index.toString(16).padStart(16, '0'));
      const principal = { kind: 'user', name: 'ann' } as const;
      for (const cellId of cellIds) {
        await farm.current.store.curateCell({ now: farm.current.now, principal, cellId, change: { kind: 'note', id: 'n', text: cellId } });
      }
      const curations = await farm.current.store.curations();
      expect([...curations.keys()].sort()).toEqual(cellIds);
    });
  });
}
