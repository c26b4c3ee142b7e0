import { afterAll, beforeAll } from 'vitest';
import { connectRedis, type RedisLink } from '../../coordinator/store/redis/connect.ts';
import { createRedisTaskStore } from '../../coordinator/store/redis/redis-task-store.ts';
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
