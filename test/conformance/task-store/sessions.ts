import { describe, expect, it } from 'vitest';
import { LEASE_MS, SILENCE_MS, STREAM_GRACE_MS } from '../../../domain/constants.ts';
import { newTask, resultOf } from './documents.ts';
import { codeOf, refOf } from './farm.ts';
import { eachFarm, type StoreFactory } from './harness.ts';

const DONE = { state: 'completed', result: resultOf('benchmark') } as const;

/** Hello, heartbeats, lost agents, and the host of a lost agent. */
export function describeSessions(makeStore: StoreFactory): void {
  describe('sessions', () => {
    const farm = eachFarm(makeStore);

    it('numbers sessions upwards over the whole farm', async () => {
      const ids: number[] = [];
      for (const agentId of ['m', 'n', 'm']) ids.push((await farm.current.hello(agentId)).sessionId);
      expect(ids).toEqual([...ids].sort((a, b) => a - b));
      expect(new Set(ids).size).toBe(3);
    });

    it('makes earlier sessions stale: their heartbeats are refused and their closing is ignored', async () => {
      const { sessionId } = await farm.current.hello('m');
      await farm.current.hello('m');
      const old = { now: farm.current.now, agentId: 'm', sessionId };
      expect(
        await codeOf(farm.current.store.heartbeat({ ...old, status: { state: 'ready', why: '' }, deviceStates: {}, renewals: [] })),
      ).toBe('stale-session');
      await farm.current.store.closeStream(old);
      expect((await farm.current.store.agent('m'))?.connection).toBe('connected');
    });

    it('refuses a clone while the agent is connected and was seen lately, and takes a replacement afterwards', async () => {
      await farm.current.hello('m');
      expect(await codeOf(farm.current.hello('m', { instanceId: 'clone' }))).toBe('duplicate-agent');
      expect((await farm.current.store.agent('m'))?.instanceId).toBe('instance-m');
      farm.current.now += SILENCE_MS;
      expect(await codeOf(farm.current.hello('m', { instanceId: 'clone' }))).toBeUndefined();
      await farm.current.closeStream('m');
      expect(await codeOf(farm.current.hello('m', { instanceId: 'third' }))).toBeUndefined();
    });

    it('keeps a closed stream for its grace and then loses the agent', async () => {
      await farm.current.hello('m');
      await farm.current.submit([newTask('a-1')]);
      await farm.current.run('m');
      await farm.current.closeStream('m');
      await farm.current.pass(STREAM_GRACE_MS - 1);
      expect(await farm.current.state('a-1')).toBe('running');
      expect((await farm.current.store.agent('m'))?.connection).toBe('closing');
      await farm.current.pass(1);
      expect(await farm.current.store.task('a-1')).toMatchObject({ state: 'pending', error: { code: 'agent-lost' } });
      expect(await farm.current.store.agent('m')).toMatchObject({ connection: 'offline', leases: [] });
      expect(await codeOf(farm.current.heartbeat('m'))).toBe('stale-session');
    });

    it('does not prolong a silence by the grace of a stream that is found dead', async () => {
      await farm.current.hello('m');
      await farm.current.submit([newTask('a-1')]);
      await farm.current.run('m');
      farm.current.now += SILENCE_MS - 1;
      await farm.current.closeStream('m');
      await farm.current.pass(0);
      expect(await farm.current.state('a-1')).toBe('running');
      await farm.current.pass(1);
      expect(await farm.current.state('a-1')).toBe('pending');
    });

    it('loses a silent agent, and none that sends heartbeats', async () => {
      await farm.current.hello('silent');
      await farm.current.hello('lively');
      await farm.current.submit([newTask('a-1', 'benchmark', { requirement: { unit: 'silent/cpu0' } })]);
      await farm.current.run('silent');
      for (let passed = 0; passed < SILENCE_MS; passed += 3_000) {
        await farm.current.heartbeat('lively');
        await farm.current.pass(3_000);
      }
      expect((await farm.current.store.agents()).map(({ agentId, connection }) => [agentId, connection])).toEqual([
        ['silent', 'offline'],
        ['lively', 'connected'],
      ]);
      expect(await farm.current.state('a-1')).toBe('pending');
    });

    it('continues a held lease with a full duration, also one whose acceptance was lost', async () => {
      await farm.current.hello('m');
      await farm.current.submit([newTask('a-1')]);
      const held = await farm.current.acquire('m');
      await farm.current.closeStream('m');
      farm.current.now += 1_000;
      const { verdicts } = await farm.current.hello('m', { held: [held] });
      expect(verdicts).toEqual([{ lease: { taskId: 'a-1', attempt: 1 }, verdict: 'continue', durationMs: LEASE_MS }]);
      expect(await farm.current.store.task('a-1')).toMatchObject({
        state: 'running',
        attempts: [{ leasedUntil: farm.current.now + LEASE_MS, acceptBy: null }],
      });
      expect(await farm.current.complete(held, DONE)).toMatchObject({ recorded: true });
    });

    it('lets a pending result continue and records it', async () => {
      await farm.current.hello('m');
      await farm.current.submit([newTask('a-1')]);
      const held = await farm.current.run('m');
      await farm.current.closeStream('m');
      const { verdicts } = await farm.current.hello('m', { held: [{ ...held, resultPending: true }] });
      expect(verdicts).toMatchObject([{ verdict: 'continue' }]);
      expect(await farm.current.complete(held, DONE)).toEqual({ state: 'completed', recorded: true });
    });

    it('ends accepted work that the agent no longer holds, and frees its host', async () => {
      await farm.current.hello('m');
      await farm.current.submit([newTask('a-1')]);
      await farm.current.run('m');
      await farm.current.hello('m');
      expect(await farm.current.store.task('a-1')).toMatchObject({
        state: 'pending',
        attempts: [{ ended: { state: 'exception', error: { code: 'agent-lost' } } }],
      });
      expect(await farm.current.acquire('m')).toMatchObject({ attempt: 2 });
    });

    it('takes back an assignment that never arrived, without spending a retry', async () => {
      await farm.current.hello('m');
      await farm.current.submit([newTask('a-1', 'benchmark', { maxAttempts: 1 })]);
      await farm.current.acquire('m');
      await farm.current.hello('m');
      expect(await farm.current.store.task('a-1')).toMatchObject({
        state: 'pending',
        attempts: [{ ended: { error: { code: 'not-accepted' } } }],
      });
    });

    it('abandons a held lease that has ended or was never given', async () => {
      await farm.current.hello('m');
      await farm.current.submit([newTask('a-1')]);
      const held = await farm.current.run('m');
      await farm.current.pass(LEASE_MS);
      const { verdicts } = await farm.current.hello('m', { held: [held, { ...held, taskId: 'never' }] });
      expect(verdicts.map(({ verdict }) => verdict)).toEqual(['abandon', 'abandon']);
    });

    it('tells of agents that come, change, close and are lost', async () => {
      await farm.current.hello('m');
      await farm.current.heartbeat('m', [], { state: 'draining', why: 'update' });
      await farm.current.closeStream('m');
      await farm.current.pass(STREAM_GRACE_MS);
      const news = farm.current.events.flatMap((event) => (event.type === 'agent' ? [[event.connection, event.status]] : []));
      expect(news).toEqual([
        ['connected', 'ready'],
        ['connected', 'draining'],
        ['closing', 'draining'],
        ['offline', 'draining'],
      ]);
    });
  });

  describe('the host of a lost agent', () => {
    const farm = eachFarm(makeStore);

    const loseAgentWithWork = async () => {
      await farm.current.hello('m', { hostId: 'host' });
      await farm.current.hello('other', { hostId: 'host' });
      await farm.current.submit([newTask('a-1'), newTask('a-2')]);
      const held = await farm.current.run('m');
      await farm.current.closeStream('m');
      await farm.current.pass(STREAM_GRACE_MS);
      await farm.current.heartbeat('other');
      expect(await farm.current.state('a-1')).toBe('pending');
      return held;
    };

    it('stays taken until the lease would have ended', async () => {
      await loseAgentWithWork();
      expect(await farm.current.tryAcquire('other')).toBeUndefined();
      for (let passed = STREAM_GRACE_MS; passed < LEASE_MS; passed += STREAM_GRACE_MS) {
        expect(await farm.current.tryAcquire('other')).toBeUndefined();
        await farm.current.pass(STREAM_GRACE_MS);
        await farm.current.heartbeat('other');
      }
      expect(await farm.current.tryAcquire('other')).toMatchObject({ taskId: 'a-1' });
    });

    it('does not keep other hosts from the task', async () => {
      await loseAgentWithWork();
      await farm.current.hello('elsewhere');
      expect(await farm.current.acquire('elsewhere')).toMatchObject({ taskId: 'a-1', attempt: 2 });
    });

    it('is free as soon as the agent comes back without the lease', async () => {
      await loseAgentWithWork();
      await farm.current.hello('m', { hostId: 'host' });
      expect(await farm.current.tryAcquire('other')).toMatchObject({ taskId: 'a-1' });
    });

    it('stays taken while the agent still reports the lease, until it stops listing it', async () => {
      const held = await loseAgentWithWork();
      const { verdicts } = await farm.current.hello('m', { hostId: 'host', held: [held] });
      expect(verdicts).toMatchObject([{ verdict: 'abandon' }]);
      await farm.current.heartbeat('m', [refOf(held)]);
      expect(await farm.current.tryAcquire('other')).toBeUndefined();
      await farm.current.heartbeat('m', []);
      expect(await farm.current.tryAcquire('other')).toMatchObject({ taskId: 'a-1' });
    });
  });
}
