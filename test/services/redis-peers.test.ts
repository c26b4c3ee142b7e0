import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { RedisAccessStore } from '../../coordinator/peers/redis/redis-access-store.ts';
import { openRedisBroadcast } from '../../coordinator/peers/redis/redis-broadcast.ts';
import { openRedisFarmKey } from '../../coordinator/peers/redis/redis-farm-key.ts';
import { RedisImportStore } from '../../coordinator/peers/redis/redis-import-store.ts';
import { RedisPinStore } from '../../coordinator/peers/redis/redis-pin-store.ts';
import { RedisRoll } from '../../coordinator/peers/redis/redis-roll.ts';
import { RedisTaskLogs } from '../../coordinator/peers/redis/redis-task-logs.ts';
import { createRedisTurn } from '../../coordinator/peers/redis/redis-turn.ts';
import { connectRedis, type RedisLink } from '../../coordinator/store/redis/connect.ts';
import { createSystemClock } from '../../platform/clock.ts';
import { describeAccessStore } from '../conformance/access-store.ts';
import { describeFarmKey } from '../conformance/farm-key.ts';
import { describeImportStore } from '../conformance/import-store.ts';
import { describePinStore } from '../conformance/pin-store.ts';
import { describeTaskLogs } from '../conformance/task-logs.ts';
import { openTestRedis, type TestRedis } from '../support/redis-server.ts';

let redis: TestRedis;
let link: RedisLink;
beforeAll(async () => {
  redis = await openTestRedis();
  link = await connectRedis({ url: redis.url });
});
afterAll(async () => {
  link.close();
  await redis.stop();
});

const prefixOf = (farm: string) => `{grove:${farm}}:`;

function openLogs(prefix: string, hasEnded: () => boolean) {
  return async (coordinatorId = 'c-1') => {
    const broadcast = await openRedisBroadcast({ link, prefix, coordinatorId, log: () => {} });
    const onError = (_taskId: string, error: unknown) => {
      throw error;
    };
    return new RedisTaskLogs({ link, prefix, broadcast, hasEnded: async () => hasEnded(), onError });
  };
}

describeTaskLogs('Redis', async () => {
  let ended = false;
  return {
    open: openLogs(prefixOf(redis.farm()), () => ended),
    endAttempt: () => {
      ended = true;
    },
    close: async () => {},
  };
});

describeImportStore('Redis', async () => {
  const prefix = prefixOf(redis.farm());
  return { open: async () => new RedisImportStore(link, prefix), close: async () => {} };
});

describeAccessStore('Redis', async () => {
  const prefix = prefixOf(redis.farm());
  return { open: async () => new RedisAccessStore(link, prefix), close: async () => {} };
});

describePinStore('Redis', async () => {
  const prefix = prefixOf(redis.farm());
  return { open: async () => new RedisPinStore(link, prefix), close: async () => {} };
});

describeFarmKey('Redis', async () => {
  const prefix = prefixOf(redis.farm());
  return {
    open: () => openRedisFarmKey(link, prefix),
    replace: async (text) => void (await link.run((client) => client.set(`${prefix}farm-key`, text))),
    close: async () => {},
  };
});

it('coordinators that start at once agree on one farm key', async () => {
  const prefix = prefixOf(redis.farm());
  const keys = await Promise.all(Array.from({ length: 5 }, () => openRedisFarmKey(link, prefix)));
  expect(new Set(keys.map(({ publicKey }) => publicKey)).size).toBe(1);
});

describe('coordinators of one farm', () => {
  it('follow the logs of agents that another one holds', async () => {
    let ended = false;
    const open = openLogs(prefixOf(redis.farm()), () => ended);
    const [writing, reading] = [await open('c-1'), await open('c-2')];
    const range = { taskId: 't', attempt: 1, offsetBytes: 0, follow: true, signal: new AbortController().signal };
    const chunks = reading.read(range)[Symbol.asyncIterator]();
    writing.append('t', 1, { sequence: 0, text: 'one ' });
    expect(Buffer.from((await chunks.next()).value ?? []).toString()).toBe('one ');
    writing.append('t', 1, { sequence: 1, text: 'two' });
    expect(Buffer.from((await chunks.next()).value ?? []).toString()).toBe('two');
    ended = true;
    reading.end('t', 1);
    expect((await chunks.next()).done).toBe(true);
    await Promise.all([writing.stop(), reading.stop()]);
  });

  it('take turns: one at a time, the next when the first gives up', async () => {
    const key = `${prefixOf(redis.farm())}turn:test`;
    const [first, second] = ['c-1', 'c-2'].map((coordinatorId) => createRedisTurn({ link, key, coordinatorId }));
    expect([await first?.isMine(), await second?.isMine(), await first?.isMine()]).toEqual([true, false, true]);
    await second?.release();
    expect(await second?.isMine()).toBe(false);
    await first?.release();
    expect(await second?.isMine()).toBe(true);
  });

  it('know of each other, until they leave', async () => {
    const clock = createSystemClock();
    const key = `${prefixOf(redis.farm())}coordinators`;
    const rolls = ['c-1', 'c-2'].map((coordinatorId) => {
      const roll = new RedisRoll({ link, key, clock });
      roll.join({ coordinatorId, version: '1', url: 'http://127.0.0.1:1', grpcAddress: '127.0.0.1:2', startedAt: clock.now() });
      return roll;
    });
    const present = async () => ((await rolls[0]?.present()) ?? []).map(({ coordinatorId }) => coordinatorId);
    expect(await present()).toEqual(['c-1', 'c-2']);
    await rolls[1]?.leave();
    expect(await present()).toEqual(['c-1']);
    await rolls[0]?.leave();
  });
});
