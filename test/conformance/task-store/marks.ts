import { describe, expect, it } from 'vitest';
import { BREAKER_FAILURES } from '../../../domain/agent-mark.ts';
import { newTask, PASS_FAILED, resultOf, TRANSFER_FAILED } from './documents.ts';
import { codeOf } from './farm.ts';
import { eachFarm, type StoreFactory } from './harness.ts';

const PAUSED = { kind: 'paused', reason: 'needs its GPU', fix: '', until: null } as const;
const DONE = { state: 'completed', result: resultOf('benchmark') } as const;
const EXCEPTION = { state: 'exception', error: TRANSFER_FAILED } as const;
const FAILED = { state: 'failed', error: PASS_FAILED } as const;
const QUARANTINE_MS = 600_000;

/** Paused, draining and quarantined agents, and the circuit breaker. */
export function describeMarks(makeStore: StoreFactory): void {
  describe('marks', () => {
    const farm = eachFarm(makeStore);

    it('gives a marked agent no work, leaves it what it has, and shows who marked it why', async () => {
      await farm.current.hello('m');
      await farm.current.submit([newTask('a-1'), newTask('a-2')]);
      const held = await farm.current.run('m');
      await farm.current.mark('m', PAUSED);
      await farm.current.complete(held, DONE);
      expect(await farm.current.state('a-1')).toBe('completed');
      expect(await farm.current.tryAcquire('m')).toBeUndefined();
      expect((await farm.current.store.agent('m'))?.mark).toEqual({ ...PAUSED, by: 'ann', since: farm.current.now });
    });

    it('lets an agent replace a mark that ends by itself, and none that a person has to remove', async () => {
      await farm.current.hello('m');
      const own = { kind: 'quarantined', reason: 'its NPU hangs', fix: 'restart it', until: null } as const;
      const ask = () => {
        const { now, store } = farm.current;
        return store.markAgent({ now, principal: { kind: 'agent', name: 'agent' }, agentId: 'm', mark: own, yields: true });
      };
      await farm.current.mark('m', { ...PAUSED, until: farm.current.now + QUARANTINE_MS });
      await ask();
      expect((await farm.current.store.agent('m'))?.mark).toEqual({ ...own, by: 'agent', since: farm.current.now });
      await farm.current.mark('m', PAUSED);
      await ask();
      expect((await farm.current.store.agent('m'))?.mark).toMatchObject({ ...PAUSED, by: 'ann' });
    });

    it('keeps a mark when the agent comes back', async () => {
      await farm.current.hello('m');
      await farm.current.mark('m', PAUSED);
      await farm.current.closeStream('m');
      await farm.current.hello('m');
      expect((await farm.current.store.agent('m'))?.mark?.kind).toBe('paused');
    });

    it('gives work again once the mark is removed, and says that the host is free', async () => {
      await farm.current.hello('m');
      await farm.current.submit([newTask('a-1')]);
      await farm.current.mark('m', PAUSED);
      expect(await farm.current.tryAcquire('m')).toBeUndefined();
      const before = farm.current.events.length;
      await farm.current.mark('m', null);
      const since = farm.current.events.slice(before);
      expect(since).toMatchObject([
        { type: 'agent', agentId: 'm', mark: null },
        { type: 'host-free', hostId: 'host-m' },
      ]);
      expect(await farm.current.tryAcquire('m')).toBeDefined();
    });

    it('lists the end of a mark as due, and lets it end', async () => {
      await farm.current.hello('m');
      await farm.current.submit([newTask('a-1')]);
      await farm.current.mark('m', { ...PAUSED, until: farm.current.now + 5_000 });
      await farm.current.pass(4_999);
      expect((await farm.current.store.agent('m'))?.mark?.kind).toBe('paused');
      await farm.current.pass(1);
      expect((await farm.current.store.agent('m'))?.mark).toBeNull();
      expect(await farm.current.tryAcquire('m')).toBeDefined();
    });

    it('does not end a mark that was replaced by a longer one since it was listed', async () => {
      await farm.current.hello('m');
      await farm.current.mark('m', { ...PAUSED, until: farm.current.now + 5_000 });
      farm.current.now += 5_000;
      const items = await farm.current.store.due(farm.current.now, 10);
      await farm.current.mark('m', { ...PAUSED, until: farm.current.now + 5_000 });
      await farm.current.store.expire({ now: farm.current.now, items });
      expect((await farm.current.store.agent('m'))?.mark?.kind).toBe('paused');
    });

    it('gives up the reservation of a host whose only agent is marked', async () => {
      for (const agentId of ['m', 'n']) await farm.current.hello(agentId, { hostId: 'both' });
      await farm.current.submit([newTask('c-1', 'convert'), newTask('a-1', 'benchmark', { requirement: { unit: 'm/cpu0' } })]);
      await farm.current.run('m');
      await farm.current.submit([newTask('c-2', 'convert')]);
      expect(await farm.current.tryAcquire('m')).toBeUndefined();
      expect(await farm.current.tryAcquire('n')).toBeUndefined();
      await farm.current.mark('m', PAUSED);
      expect((await farm.current.acquire('n')).taskId).toBe('c-2');
    });

    it('knows no mark of an agent that never came', async () => {
      expect(await codeOf(farm.current.mark('nobody', PAUSED))).toBe('not-found');
    });

    it('quarantines an agent whose attempts keep ending as exceptions, for longer each time', async () => {
      await farm.current.hello('m');
      await farm.current.submit(Array.from({ length: 9 }, (_, index) => newTask(`a-${index}`, 'benchmark', { maxAttempts: 1 })));
      for (let count = 0; count < BREAKER_FAILURES; count++) {
        expect((await farm.current.store.agent('m'))?.mark).toBeNull();
        await farm.current.complete(await farm.current.run('m'), EXCEPTION);
      }
      const { mark } = (await farm.current.store.agent('m')) ?? {};
      expect(mark).toMatchObject({
        kind: 'quarantined',
        by: 'grove',
        fix: TRANSFER_FAILED.advice,
        until: farm.current.now + QUARANTINE_MS,
      });
      expect(mark?.reason).toContain('transfer-failed');
      expect(await farm.current.tryAcquire('m')).toBeUndefined();
      await keepAlive(QUARANTINE_MS);
      await farm.current.complete(await farm.current.run('m'), EXCEPTION);
      expect((await farm.current.store.agent('m'))?.mark?.until).toBe(farm.current.now + 2 * QUARANTINE_MS);
    });

    it('closes the breaker when an attempt ends well, be it as failed, or when somebody removes the mark', async () => {
      await farm.current.hello('m');
      await farm.current.submit(Array.from({ length: 9 }, (_, index) => newTask(`a-${index}`, 'benchmark', { maxAttempts: 1 })));
      for (const outcome of [EXCEPTION, EXCEPTION, FAILED, EXCEPTION, EXCEPTION]) {
        await farm.current.complete(await farm.current.run('m'), outcome);
        expect((await farm.current.store.agent('m'))?.mark).toBeNull();
      }
      await farm.current.complete(await farm.current.run('m'), EXCEPTION);
      await farm.current.mark('m', null);
      expect((await farm.current.store.agent('m'))?.breaker).toEqual({ inARow: 0, trips: 0 });
      await farm.current.complete(await farm.current.run('m'), EXCEPTION);
      expect((await farm.current.store.agent('m'))?.mark).toBeNull();
    });

    /** Time in which the agent goes on sending heartbeats. */
    async function keepAlive(durationMs: number): Promise<void> {
      for (let passed = 0; passed < durationMs; passed += 10_000) {
        await farm.current.pass(10_000);
        await farm.current.heartbeat('m');
      }
    }
  });
}
