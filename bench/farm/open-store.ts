import { join } from 'node:path';
import { createMemoryTaskStore } from '../../coordinator/store/memory/memory-task-store.ts';
import { connectRedis } from '../../coordinator/store/redis/connect.ts';
import { createRedisTaskStore } from '../../coordinator/store/redis/redis-task-store.ts';
import type { TaskStore } from '../../coordinator/store/task-store.ts';
import { createSystemClock } from '../../platform/clock.ts';
import { systemFiles } from '../../platform/files.ts';

/** The farm's name in Redis when nobody sets one. */
const FARM = 'main';

/** Opens the store that a coordinator will find in its data folder: what waits from the start is written there beforehand. */
export async function withMemoryStore<T>(dataFolder: string, work: (store: TaskStore) => Promise<T>): Promise<T> {
  const store = createMemoryTaskStore({ folder: join(dataFolder, 'coordinator', 'store'), files: systemFiles });
  await store.start();
  try {
    return await work(store);
  } finally {
    await store.stop();
  }
}

/** Opens the store of the farm on this Redis, beside its coordinators. */
export async function withRedisStore<T>(url: string, work: (store: TaskStore) => Promise<T>): Promise<T> {
  const link = await connectRedis({ url });
  const store = createRedisTaskStore({ link, farm: FARM, clock: createSystemClock() });
  try {
    await store.start();
    return await work(store);
  } finally {
    await store.stop();
    link.close();
  }
}
