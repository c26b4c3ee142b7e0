import { describe, expect, it } from 'vitest';
import { MAX_UNACCEPTED_ATTEMPTS } from '../../../coordinator/store/order.ts';
import { ACCEPT_MS, LEASE_MS } from '../../../domain/constants.ts';
import { deviceOf, newTask, PASS_FAILED, resultOf, TRANSFER_FAILED } from './documents.ts';
import { codeOf, refOf } from './farm.ts';
import { eachFarm, type StoreFactory } from './harness.ts';

const DONE = { state: 'completed', result: resultOf('benchmark') } as const;
const LOST = { state: 'exception', error: TRANSFER_FAILED } as const;

/** Acquire, accept, reject, complete, and what a token protects. */
export function describeLeases(makeStore: StoreFactory): void {
  describe('acquiring', () => {
    const farm = eachFarm(makeStore);

    it('hands out a pending task with durations, device and what the conversion produced', async () => {
      await farm.current.hello('m');
      await farm.current.submit([newTask('c-1', 'convert'), newTask('a-1', 'benchmark', { needs: ['c-1'] })]);
      const conversion = await farm.current.run('m');
      expect(conversion.acquired.assignment.conversion).toBeNull();
      const result = resultOf('convert');
      await farm.current.complete(conversion, { state: 'completed', result });
      const { acquired } = await farm.current.acquire('m');
      expect(acquired.leasedUntil).toBe(farm.current.now + LEASE_MS);
      expect(acquired.assignment).toMatchObject({
        leaseMs: LEASE_MS,
        acceptMs: ACCEPT_MS,
        deviceName: 'm/cpu0',
        spec: newTask('a-1').spec,
      });
      if (result.kind !== 'convert') expect.unreachable();
      else expect(acquired.assignment.conversion).toEqual({ artifact: result.artifact, reference: result.reference });
    });

    it('gives nothing to an agent that is not ready or whose stream is closed', async () => {
      await farm.current.submit([newTask('a-1')]);
      for (const state of ['not-ready', 'draining'] as const) {
        await farm.current.hello('m', { status: { state, why: 'test' } });
        expect(await farm.current.tryAcquire('m')).toBeUndefined();
      }
      await farm.current.hello('m');
      await farm.current.closeStream('m');
      expect(await farm.current.tryAcquire('m')).toBeUndefined();
      expect(await farm.current.state('a-1')).toBe('pending');
    });

    it('gives a task only to a device that meets its requirement', async () => {
      await farm.current.hello('m', { devices: [deviceOf('m/cpu0'), deviceOf('m/cpu1', { labels: { pool: 'lab' } })] });
      await farm.current.submit([
        newTask('a-1', 'convert', { requirement: { deviceClass: 'npu' } }),
        newTask('a-2', 'convert', { requirement: { unit: 'other/cpu0' } }),
        newTask('a-3', 'convert', { requirement: { labels: { pool: 'lab' } } }),
        newTask('a-4', 'convert', { requirement: { unit: 'm/cpu0' } }),
      ]);
      const taken = [await farm.current.acquire('m'), await farm.current.acquire('m')];
      expect(taken.map(({ taskId, acquired }) => [taskId, acquired.assignment.deviceName])).toEqual([
        ['a-3', 'm/cpu1'],
        ['a-4', 'm/cpu0'],
      ]);
      expect(await farm.current.states('a-1', 'a-2')).toEqual(['pending', 'pending']);
    });

    it('gives a changed device what it matches now', async () => {
      await farm.current.hello('m');
      await farm.current.submit([newTask('a-1', 'convert', { requirement: { capabilities: ['hub'] } })]);
      expect(await farm.current.tryAcquire('m')).toBeUndefined();
      await farm.current.hello('m', { devices: [deviceOf('m/cpu0', { capabilities: ['hub'] })] });
      expect(await farm.current.tryAcquire('m')).toMatchObject({ taskId: 'a-1' });
    });

    it('gives the same lease for the same token', async () => {
      await farm.current.hello('m');
      await farm.current.submit([newTask('a-1', 'convert'), newTask('a-2', 'convert')]);
      const token = farm.current.token();
      const first = await farm.current.tryAcquire('m', token);
      expect(await farm.current.tryAcquire('m', token)).toEqual(first);
      expect(await farm.current.state('a-2')).toBe('pending');
    });

    it('refuses a stale session', async () => {
      await farm.current.hello('m');
      const sessionId = farm.current.sessionOf('m');
      await farm.current.hello('m');
      const { now, store } = farm.current;
      expect(await codeOf(store.acquire({ now, agentId: 'm', sessionId, token: farm.current.token() }))).toBe('stale-session');
    });
  });

  describe('leases', () => {
    const farm = eachFarm(makeStore);

    it('accepts once and takes a repeat for granted', async () => {
      await farm.current.hello('m');
      await farm.current.submit([newTask('a-1')]);
      const held = await farm.current.run('m');
      const before = await farm.current.store.task('a-1');
      farm.current.now += 1;
      await farm.current.accept(held);
      expect(await farm.current.store.task('a-1')).toEqual(before);
    });

    it.each(['token', 'attempt', 'agentId', 'taskId'] as const)('refuses every message about a lease with another %s', async (member) => {
      await farm.current.hello('m');
      await farm.current.submit([newTask('a-1'), newTask('a-2')]);
      const held = await farm.current.acquire('m');
      const wrong = { token: 'f'.repeat(32), attempt: 2, agentId: 'other', taskId: 'a-2' };
      const forged = { ...held, [member]: wrong[member] };
      const before = await farm.current.store.task('a-1');
      expect(await codeOf(farm.current.accept(forged))).toBe('stale-token');
      expect(await codeOf(farm.current.reject(forged, TRANSFER_FAILED))).toBe('stale-token');
      expect(await codeOf(farm.current.complete(forged, DONE))).toBe('stale-token');
      expect(await farm.current.store.task('a-1')).toEqual(before);
    });

    it('records an outcome once and confirms its repeat', async () => {
      await farm.current.hello('m');
      await farm.current.submit([newTask('a-1')]);
      const held = await farm.current.run('m');
      expect(await farm.current.complete(held, DONE)).toEqual({ state: 'completed', recorded: true });
      const before = await farm.current.store.task('a-1');
      farm.current.now += 1_000;
      expect(await farm.current.complete(held, DONE)).toEqual({ state: 'completed', recorded: false });
      expect(await farm.current.store.task('a-1')).toEqual(before);
      expect(before).toMatchObject({ state: 'completed', result: DONE.result, error: null });
    });

    it('refuses another outcome for an attempt that has one', async () => {
      await farm.current.hello('m');
      await farm.current.submit([newTask('a-1')]);
      const held = await farm.current.run('m');
      await farm.current.complete(held, DONE);
      const other = { state: 'completed', result: resultOf('benchmark', 1) } as const;
      expect(await codeOf(farm.current.complete(held, other))).toBe('stale-token');
      expect(await codeOf(farm.current.complete(held, { state: 'failed', error: PASS_FAILED }))).toBe('stale-token');
      expect((await farm.current.store.task('a-1'))?.result).toEqual(DONE.result);
    });

    it('records an outcome although the acceptance was lost', async () => {
      await farm.current.hello('m');
      await farm.current.submit([newTask('a-1')]);
      const held = await farm.current.acquire('m');
      expect(await farm.current.complete(held, DONE)).toEqual({ state: 'completed', recorded: true });
    });

    it('refuses a result of another kind of task', async () => {
      await farm.current.hello('m');
      await farm.current.submit([newTask('a-1')]);
      const held = await farm.current.run('m');
      expect(await codeOf(farm.current.complete(held, { state: 'completed', result: resultOf('resolve') }))).toBe('malformed-message');
      expect(await farm.current.state('a-1')).toBe('running');
    });

    it('refuses a late result after the lease has ended, also when nobody else holds the task', async () => {
      await farm.current.hello('m');
      await farm.current.submit([newTask('a-1')]);
      const held = await farm.current.run('m');
      await farm.current.pass(LEASE_MS);
      expect(await codeOf(farm.current.complete(held, DONE))).toBe('stale-token');
      expect(await farm.current.state('a-1')).toBe('pending');
    });

    it('tries again after an exception, with growing attempt numbers, until the policy is spent', async () => {
      await farm.current.hello('m');
      const jobId = await farm.current.submit([newTask('a-1', 'benchmark', { maxAttempts: 3 })]);
      for (const [attempt, after] of [
        [1, 'pending'],
        [2, 'pending'],
        [3, 'exception'],
      ] as const) {
        const held = await farm.current.run('m');
        expect(held.attempt).toBe(attempt);
        expect(await farm.current.complete(held, LOST)).toEqual({ state: after, recorded: true });
      }
      expect(await farm.current.store.task('a-1')).toMatchObject({
        error: TRANSFER_FAILED,
        attempts: [{ attempt: 1 }, { attempt: 2 }, { attempt: 3 }],
      });
      expect((await farm.current.store.job(jobId))?.state).toBe('exception');
    });

    it('does not try again when the fault cannot go away, and never after failed', async () => {
      await farm.current.hello('m');
      await farm.current.submit([newTask('a-1'), newTask('a-2')]);
      await farm.current.complete(await farm.current.run('m'), { state: 'exception', error: PASS_FAILED });
      await farm.current.complete(await farm.current.run('m'), { state: 'failed', error: TRANSFER_FAILED });
      expect(await farm.current.states('a-1', 'a-2')).toEqual(['exception', 'failed']);
    });

    it('gives a returning task its old place', async () => {
      await farm.current.hello('m');
      await farm.current.submit([newTask('a-1'), newTask('a-2')]);
      const held = await farm.current.run('m');
      await farm.current.submit([newTask('b-1')], { submitter: 'bob' });
      await farm.current.complete(held, LOST);
      expect(await farm.current.acquire('m')).toMatchObject({ taskId: 'a-1', attempt: 2 });
    });

    it('spends a number but no retry on a rejected assignment', async () => {
      await farm.current.hello('m');
      await farm.current.submit([newTask('a-1', 'benchmark', { maxAttempts: 1 })]);
      for (let attempt = 1; attempt <= 5; attempt += 1) {
        const held = await farm.current.acquire('m');
        expect(held.attempt).toBe(attempt);
        await farm.current.reject(held, TRANSFER_FAILED);
        await farm.current.reject(held, TRANSFER_FAILED);
        expect(await farm.current.state('a-1')).toBe('pending');
      }
      await farm.current.complete(await farm.current.run('m'), LOST);
      expect(await farm.current.state('a-1')).toBe('exception');
    });

    it('ends a task that is never accepted, after many offers', async () => {
      await farm.current.hello('m');
      await farm.current.submit([newTask('a-1')]);
      for (let count = 0; count < MAX_UNACCEPTED_ATTEMPTS; count += 1)
        await farm.current.reject(await farm.current.acquire('m'), TRANSFER_FAILED);
      expect(await farm.current.state('a-1')).toBe('exception');
    });

    it('refuses to reject what was accepted', async () => {
      await farm.current.hello('m');
      await farm.current.submit([newTask('a-1')]);
      const held = await farm.current.run('m');
      expect(await codeOf(farm.current.reject(held, TRANSFER_FAILED))).toBe('illegal-transition');
    });

    it('offers an unaccepted assignment again after its time, without spending a retry', async () => {
      await farm.current.hello('m');
      await farm.current.submit([newTask('a-1', 'benchmark', { maxAttempts: 1 })]);
      const held = await farm.current.acquire('m');
      expect(await farm.current.pass(ACCEPT_MS - 1)).toEqual([]);
      expect(await farm.current.pass(1)).toMatchObject([{ kind: 'accept', taskId: 'a-1', attempt: 1 }]);
      expect(await farm.current.state('a-1')).toBe('pending');
      expect(await codeOf(farm.current.accept(held))).toBe('stale-token');
      await farm.current.heartbeat('m');
      expect(await farm.current.acquire('m')).toMatchObject({ attempt: 2 });
    });

    it('keeps the host of a late acceptance taken until its agent no longer lists the lease', async () => {
      await farm.current.hello('m', { hostId: 'host' });
      await farm.current.hello('other', { hostId: 'host' });
      await farm.current.submit([newTask('a-1')]);
      const held = await farm.current.acquire('m');
      await farm.current.pass(ACCEPT_MS);
      expect(await farm.current.tryAcquire('other')).toBeUndefined();
      await farm.current.heartbeat('m', [held]);
      expect(await farm.current.tryAcquire('other')).toBeUndefined();
      await farm.current.heartbeat('m');
      expect(await farm.current.tryAcquire('other')).toMatchObject({ taskId: 'a-1', attempt: 2 });
    });

    it('frees the host of an assignment that nobody answered when its lease would have ended', async () => {
      await farm.current.hello('m', { hostId: 'host' });
      await farm.current.hello('other', { hostId: 'host' });
      await farm.current.submit([newTask('a-1')]);
      await farm.current.acquire('m');
      for (let passed = 0; passed < LEASE_MS; passed += ACCEPT_MS) {
        expect(await farm.current.tryAcquire('other')).toBeUndefined();
        await farm.current.pass(ACCEPT_MS);
        await farm.current.heartbeat('other');
      }
      expect(await farm.current.tryAcquire('other')).toMatchObject({ taskId: 'a-1', attempt: 2 });
    });

    it('ends a lease that nobody renews, and keeps one that is renewed', async () => {
      await farm.current.hello('m');
      await farm.current.submit([newTask('a-1', 'convert'), newTask('a-2', 'convert')]);
      const [kept, dropped] = [await farm.current.run('m'), await farm.current.run('m')];
      for (let beat = 0; beat < 10; beat += 1) {
        await farm.current.heartbeat('m', [kept]);
        await farm.current.pass(3_000);
      }
      expect(await farm.current.states(kept.taskId, dropped.taskId)).toEqual(['running', 'pending']);
      expect((await farm.current.store.agent('m'))?.leases).toMatchObject([{ taskId: kept.taskId }]);
    });

    it('expires nothing whose deadline has moved since it was listed', async () => {
      await farm.current.hello('m');
      await farm.current.submit([newTask('a-1')]);
      const held = await farm.current.run('m');
      farm.current.now += LEASE_MS;
      const items = await farm.current.store.due(farm.current.now, 100);
      expect(items).toContainEqual({ kind: 'lease', taskId: 'a-1', attempt: 1, deadline: farm.current.now });
      await farm.current.heartbeat('m', [held]);
      expect(await farm.current.store.expire({ now: farm.current.now, items })).toEqual({ ended: [], stopped: [] });
      expect(await farm.current.state('a-1')).toBe('running');
    });

    it('expires each thing once and nothing before its time', async () => {
      await farm.current.hello('m');
      await farm.current.submit([newTask('a-1')]);
      await farm.current.run('m');
      const early = { kind: 'lease', taskId: 'a-1', attempt: 1, deadline: farm.current.now + LEASE_MS } as const;
      expect(await farm.current.store.expire({ now: farm.current.now, items: [early] })).toEqual({ ended: [], stopped: [] });
      farm.current.now += LEASE_MS;
      const items = await farm.current.store.due(farm.current.now, 100);
      expect((await farm.current.store.expire({ now: farm.current.now, items })).ended).toHaveLength(1);
      expect((await farm.current.store.expire({ now: farm.current.now, items })).ended).toEqual([]);
      expect(await farm.current.store.due(farm.current.now, 100)).toEqual([]);
    });

    it('lists what is due oldest first and not more than asked', async () => {
      for (const agentId of ['x', 'y', 'z']) {
        await farm.current.hello(agentId);
        farm.current.now += 10;
      }
      const due = await farm.current.store.due(farm.current.now + 60_000, 2);
      expect(due.map((item) => item.kind === 'session' && item.agentId)).toEqual(['x', 'y']);
      expect(await farm.current.store.due(farm.current.now + 60_000, 10)).toHaveLength(3);
    });

    it("abandons a renewal that is not this agent's lease", async () => {
      await farm.current.hello('m');
      await farm.current.hello('n');
      await farm.current.submit([newTask('a-1')]);
      const held = await farm.current.run('m');
      const before = await farm.current.store.task('a-1');
      farm.current.now += 1_000;
      const { verdicts } = await farm.current.heartbeat('n', [refOf(held), { ...refOf(held), token: 'f'.repeat(32) }]);
      expect(verdicts.map(({ verdict, durationMs }) => [verdict, durationMs])).toEqual([
        ['abandon', 0],
        ['abandon', 0],
      ]);
      expect(await farm.current.store.task('a-1')).toEqual(before);
    });
  });
}
