import { describe, expect, it } from 'vitest';
import { newTask, resultOf } from './documents.ts';
import { codeOf, refOf } from './farm.ts';
import { eachFarm, type StoreFactory } from './harness.ts';

const DONE = { state: 'completed', result: resultOf('benchmark') } as const;
const AGENTS = ['a', 'b', 'c', 'd', 'e', 'f'];

/** Commands that are given before earlier ones are answered. */
export function describeTurns(makeStore: StoreFactory): void {
  describe('commands given at once', () => {
    const farm = eachFarm(makeStore);

    it('are done one after another, and a refused one leaves the others alone', async () => {
      const { current } = farm;
      await Promise.all(AGENTS.map((agentId) => current.hello(agentId)));
      await Promise.all(['1', '2'].map((job) => current.submit(['x', 'y', 'z'].map((task) => newTask(`${task}-${job}`)))));
      const held = await Promise.all(AGENTS.map((agentId) => current.acquire(agentId)));
      expect(new Set(held.map(({ taskId }) => taskId)).size).toBe(AGENTS.length);
      const [first, second, ...others] = held;
      if (first === undefined || second === undefined) expect.unreachable();
      else {
        const forged = { now: current.now, agentId: first.agentId, lease: { ...refOf(first), token: 'f'.repeat(32) } };
        const codes = await Promise.all([
          codeOf(current.accept(second)),
          codeOf(current.store.accept(forged)),
          codeOf(current.accept(first)),
          codeOf(current.complete(first, DONE)),
          codeOf(current.complete(second, { state: 'completed', result: resultOf('convert') })),
          ...others.map((one) => codeOf(current.accept(one))),
        ]);
        expect(codes).toEqual([undefined, 'stale-token', undefined, undefined, 'malformed-message', ...others.map(() => undefined)]);
        expect(await current.states(first.taskId, second.taskId)).toEqual(['completed', 'running']);
      }
      const counts = (await current.store.jobs({ limit: 2 })).map((job) => job.counts);
      expect(counts.map(({ running, completed }) => running + completed)).toEqual([3, 3]);
    });

    it('are done beside one whose text breaks off within a character', async () => {
      const { current } = farm;
      await Promise.all(AGENTS.map((agentId) => current.hello(agentId)));
      const broken = { kind: 'paused', reason: 'odd \ud83d', fix: '\\udead is fine', until: null } as const;
      await Promise.all([
        current.submit([newTask('before')]),
        current.mark('a', broken),
        current.submit([newTask('after')]),
        current.mark('b', { ...broken, reason: 'whole \u{1f600}' }),
      ]);
      expect(await current.states('before', 'after')).toEqual(['pending', 'pending']);
      const marks = await Promise.all(['a', 'b'].map(async (agentId) => (await current.store.agent(agentId))?.mark));
      expect(marks).toMatchObject([
        { reason: expect.stringMatching(/^odd [\ud83d\ufffd]$/), fix: '\\udead is fine' },
        { reason: 'whole \u{1f600}' },
      ]);
    });

    it('are told of in the order they were done, with numbers without gaps', async () => {
      const { current } = farm;
      await Promise.all(AGENTS.map((agentId) => current.hello(agentId)));
      await current.submit(AGENTS.map((agentId) => newTask(agentId)));
      const held = await Promise.all(AGENTS.map((agentId) => current.acquire(agentId)));
      current.now += 1;
      const early = held.slice(0, 3).map((one) => current.complete(one, DONE));
      current.now += 1;
      await Promise.all([...early, ...held.slice(3).map((one) => current.complete(one, DONE))]);
      const events = await current.store.eventsSince(0, 1_000);
      expect(events.map(({ sequence }) => sequence)).toEqual(events.map((_, index) => index + 1));
      const ended = events.flatMap((event) => (event.type === 'task' && event.state === 'completed' ? [event] : []));
      expect(ended.map(({ taskId, at }) => [taskId, at])).toEqual(
        held.map(({ taskId }, index) => [taskId, index < 3 ? current.now - 1 : current.now]),
      );
      expect(current.events).toEqual(events);
    });
  });
}
