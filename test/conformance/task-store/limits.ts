import { describe, expect, it } from 'vitest';
import { ATTEMPT_LIMIT_MS, SILENCE_MS } from '../../../domain/constants.ts';
import { newTask, resultOf } from './documents.ts';
import { codeOf, type Held } from './farm.ts';
import { eachFarm, type StoreFactory } from './harness.ts';

const DONE = { state: 'completed', result: resultOf('benchmark') } as const;
const WORK_MS = ATTEMPT_LIMIT_MS.benchmark;

/** How long an attempt may run. */
export function describeLimits(makeStore: StoreFactory): void {
  describe('the time limit of an attempt', () => {
    const farm = eachFarm(makeStore);

    /** Lets time pass while the agent renews its lease, and says what came due at the end. */
    const workOn = async (held: Held, durationMs: number) => {
      for (let left = durationMs; left > 0; left -= SILENCE_MS - 1) {
        await farm.current.heartbeat('m', [held]);
        farm.current.now += Math.min(left, SILENCE_MS - 1);
      }
      return farm.current.pass(0);
    };

    const start = async (maxAttempts: number): Promise<Held> => {
      await farm.current.submit([newTask('a-1', 'benchmark', { maxAttempts })]);
      farm.current.now += WORK_MS;
      await farm.current.hello('m');
      return farm.current.run('m');
    };

    it('begins with the acceptance: time in the queue is not charged', async () => {
      const held = await start(1);
      expect(await workOn(held, WORK_MS - 1)).toEqual([]);
      expect(await farm.current.complete(held, DONE)).toEqual({ state: 'completed', recorded: true });
      expect(await farm.current.pass(1)).toEqual([]);
    });

    it('ends it as attempt-timeout however faithfully the lease is renewed, and spends a retry', async () => {
      const held = await start(2);
      expect(await workOn(held, WORK_MS)).toMatchObject([{ kind: 'timeout', taskId: 'a-1', attempt: 1 }]);
      expect(await farm.current.store.task('a-1')).toMatchObject({
        state: 'pending',
        error: { code: 'attempt-timeout', fault: 'device' },
        attempts: [{ ended: { state: 'exception', error: { code: 'attempt-timeout' } } }],
      });
      expect(await codeOf(farm.current.complete(held, DONE))).toBe('stale-token');
    });

    it('keeps the host taken until the agent, which must stop, no longer lists the lease', async () => {
      const held = await start(2);
      await workOn(held, WORK_MS);
      await farm.current.heartbeat('m', [held]);
      expect(await farm.current.tryAcquire('m')).toBeUndefined();
      await farm.current.heartbeat('m');
      expect(await farm.current.tryAcquire('m')).toMatchObject({ taskId: 'a-1', attempt: 2 });
    });

    it('ends the task when no retry is left', async () => {
      await workOn(await start(1), WORK_MS);
      expect(await farm.current.state('a-1')).toBe('exception');
    });
  });
}
