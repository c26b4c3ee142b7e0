import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { connectRedis, type RedisLink } from '../../coordinator/store/redis/connect.ts';
import { type ArchivingTaskStore, createRedisTaskStore } from '../../coordinator/store/redis/redis-task-store.ts';
import { createSystemClock } from '../../platform/clock.ts';
import { compareWithModel } from '../model/task-store/compare.ts';
import { PLANTED_BUGS } from '../model/task-store/planted-bugs.ts';
import { history } from '../model/task-store/world.ts';
import { openTestRedis, type TestRedis } from '../support/redis-server.ts';
import { archivingAlways, MemoryArchive } from './support/archiving.ts';
import { sendingTwice, takingTurns } from './support/coordinators.ts';

/** Fixed, so that a planted bug is found every time. The comparison itself draws new histories on every run. */
const SEED = 20_261_123;

const clock = createSystemClock();
let redis: TestRedis;
let links: readonly [RedisLink, RedisLink];
beforeAll(async () => {
  redis = await openTestRedis();
  links = [await connectRedis({ url: redis.url }), await connectRedis({ url: redis.url })];
});
afterAll(async () => {
  for (const link of links ?? []) link.close();
  await redis?.stop();
});

type Pair = readonly [ArchivingTaskStore, ArchivingTaskStore];

/** Two coordinators of a farm of its own, each with its own connections. */
async function withCoordinators(run: (stores: Pair) => Promise<void>): Promise<void> {
  const farm = redis.farm();
  const shared = { farm, clock, archive: new MemoryArchive() };
  const stores: Pair = [createRedisTaskStore({ link: links[0], ...shared }), createRedisTaskStore({ link: links[1], ...shared })];
  for (const store of stores) await store.start();
  try {
    await run(stores);
  } finally {
    for (const store of stores) await store.stop();
  }
}

describe('the Redis task store beside its naive model', () => {
  it.each([
    ['by one coordinator', ([store]: Pair) => store, 100],
    ['by two coordinators that take turns', takingTurns, 150],
    ['with every command sent twice', sendingTwice, 100],
    ['with everything archived that has ended', ([store]: Pair) => archivingAlways(store), 60],
  ] as const)(
    'gives the same answers and shows the same farm after every command, driven %s',
    { timeout: 240_000 },
    async (_, drive, numRuns) => {
      const property = fc.asyncProperty(history, (actions) => withCoordinators((stores) => compareWithModel(drive(stores), actions)));
      await fc.assert(property, { numRuns });
    },
  );

  it.each(Object.entries(PLANTED_BUGS))('finds a planted bug: %s', { timeout: 240_000 }, async (_, plant) => {
    const property = fc.asyncProperty(history, (actions) => withCoordinators(([store]) => compareWithModel(plant(store), actions)));
    const found = await fc.check(property, { numRuns: 300, seed: SEED, endOnFailure: true });
    expect(found.failed).toBe(true);
  });
});
