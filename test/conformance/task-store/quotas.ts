import { describe, expect, it } from 'vitest';
import { DEFAULT_POLICY, type SchedulingPolicy } from '../../../domain/policy.ts';
import { deviceOf, newTask, resultOf, TRANSFER_FAILED } from './documents.ts';
import { eachFarm, type StoreFactory } from './harness.ts';

const DONE = { state: 'completed', result: resultOf('benchmark') } as const;
const AGENTS = ['m', 'n', 'o'] as const;

/** Weights and quotas. */
export function describeQuotas(makeStore: StoreFactory): void {
  describe('policy', () => {
    const farm = eachFarm(makeStore);

    const setPolicy = (quotas: Partial<SchedulingPolicy['quotas']>, weights: SchedulingPolicy['weights'] = {}) =>
      farm.current.store.setPolicy({
        now: farm.current.now,
        principal: { kind: 'user', name: 'root' },
        policy: { weights, quotas: { submitters: {}, pools: {}, ...quotas } },
      });
    const submitTo = (submitter: string, ...taskIds: readonly string[]) =>
      farm.current.submit(
        taskIds.map((taskId) => newTask(taskId)),
        { submitter },
      );
    const helloAll = async (labels: Readonly<Record<string, string>> = {}) => {
      for (const agentId of AGENTS) await farm.current.hello(agentId, { devices: [deviceOf(`${agentId}/cpu0`, { labels })] });
    };
    const taken = async (agentId: string) => (await farm.current.tryAcquire(agentId))?.taskId;

    it('is equal shares without limits until somebody sets another, which is kept', async () => {
      expect(await farm.current.store.policy()).toEqual(DEFAULT_POLICY);
      await setPolicy({ perSubmitter: 3, pools: { lab: { total: 5 } } }, { ann: 2 });
      expect(await farm.current.store.policy()).toEqual({
        weights: { ann: 2 },
        quotas: { perSubmitter: 3, submitters: {}, pools: { lab: { total: 5 } } },
      });
    });

    it('passes over a submitter who has used up the quota, and says when there is room again', async () => {
      await helloAll();
      await setPolicy({ perSubmitter: 1, submitters: { cat: 0 } });
      await submitTo('cat', 'c-1');
      await submitTo('ann', 'a-1', 'a-2');
      await submitTo('bob', 'b-1');
      const held = await farm.current.run('m');
      expect(held.taskId).toBe('a-1');
      expect(await taken('n')).toBe('b-1');
      expect(await taken('o')).toBeUndefined();
      expect(await farm.current.store.leaseCounts()).toEqual({ 's ann': 1, 's bob': 1 });
      const before = farm.current.events.length;
      await farm.current.complete(held, DONE);
      expect(farm.current.events.slice(before).map(({ type }) => type)).toContain('quota-free');
      expect(await taken('o')).toBe('a-2');
    });

    it('limits a pool as a whole, and each submitter in it, and nobody elsewhere', async () => {
      await helloAll({ pool: 'npu' });
      await farm.current.hello('p', { devices: [deviceOf('p/cpu0', { labels: { pool: 'other' } })] });
      await setPolicy({ pools: { npu: { total: 2, perSubmitter: 1 } } });
      await submitTo('ann', 'a-1', 'a-2', 'a-3');
      await submitTo('bob', 'b-1', 'b-2');
      expect([await taken('m'), await taken('n'), await taken('o')]).toEqual(['a-1', 'b-1', undefined]);
      expect(await taken('p')).toBe('a-2');
    });

    it('lets leases that exceed a new quota go on, and counts each once however it ends', async () => {
      await helloAll();
      await submitTo('ann', 'a-1', 'a-2', 'a-3');
      await farm.current.run('m');
      const rejected = await farm.current.acquire('n');
      await setPolicy({ perSubmitter: 1 });
      expect(await farm.current.state('a-1')).toBe('running');
      await farm.current.reject(rejected, TRANSFER_FAILED);
      expect(await farm.current.store.leaseCounts()).toEqual({ 's ann': 1 });
      expect(await taken('n')).toBeUndefined();
    });

    it('gives twice as many turns to twice the weight', async () => {
      await farm.current.hello('m');
      await setPolicy({}, { ann: 2 });
      await submitTo('bob', 'b-1', 'b-2', 'b-3');
      await submitTo('ann', 'a-1', 'a-2', 'a-3', 'a-4', 'a-5', 'a-6');
      const order: string[] = [];
      for (let count = 0; count < 6; count++) {
        const held = await farm.current.run('m');
        order.push(held.taskId);
        await farm.current.complete(held, DONE);
      }
      expect(order.filter((taskId) => taskId.startsWith('a'))).toHaveLength(4);
    });
  });
}
