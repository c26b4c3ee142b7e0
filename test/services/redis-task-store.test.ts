import { afterAll, beforeAll, expect, it } from 'vitest';
import { connectRedis, type RedisLink } from '../../coordinator/store/redis/connect.ts';
import { createKeys } from '../../coordinator/store/redis/keys.ts';
import { createRedisTaskStore } from '../../coordinator/store/redis/redis-task-store.ts';
import type { CurationChange } from '../../domain/curation.ts';
import { createSystemClock } from '../../platform/clock.ts';
import { describeTaskStore } from '../conformance/task-store.ts';
import { openTestRedis, type TestRedis } from '../support/redis-server.ts';
import { archivingAlways, MemoryArchive } from './support/archiving.ts';

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

describeTaskStore('Redis task store that archives whatever has ended after every command', async () => {
  const archive = new MemoryArchive();
  const store = createRedisTaskStore({ link, farm: redis.farm(), clock: createSystemClock(), archive });
  return archivingAlways(store);
});

describeTaskStore('Redis task store', async () => createRedisTaskStore({ link, farm: redis.farm(), clock: createSystemClock() }));

it('leaves out what is said about a cell where it cannot read it, tells that once, and takes what is said next', async () => {
  const told: unknown[] = [];
  const farm = redis.farm();
  const store = createRedisTaskStore({ link, farm, clock: createSystemClock(), log: (what, fields) => told.push([what, fields]) });
  await store.start();
  const [bad, good] = ['a'.repeat(16), 'b'.repeat(16)];
  const say = (cellId: string, change: CurationChange) =>
    store.curateCell({ now: 1_000, principal: { kind: 'user', name: 'ann' }, cellId, change });
  await say(good, { kind: 'acknowledge', state: 'failed', reason: '' });
  const unreadable = { baseline: { taskIds: [''], reason: '', by: 'ann', at: 1 }, acknowledged: null, notes: [] };
  await link.run((client) => client.hset(`${createKeys(farm).prefix}curations`, bad, JSON.stringify(unreadable)));
  told.length = 0;
  for (let time = 0; time < 2; time += 1) expect([...(await store.curations()).keys()]).toEqual([good]);
  expect(told).toEqual([['redis-curation-unreadable', { cellId: bad }]]);
  expect(await say(bad, { kind: 'unpin' })).toEqual({ baseline: null, acknowledged: null, notes: [] });
  expect([...(await store.curations()).keys()].sort()).toEqual([bad, good]);
  await store.stop();
});
