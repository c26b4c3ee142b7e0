import { Redis } from 'ioredis';
import { createMemoryTaskStore } from '../coordinator/store/memory/memory-task-store.ts';
import type { TaskStore } from '../coordinator/store/task-store.ts';
import { startRedisServer } from '../test/support/redis-server.ts';
import type { BenchOptions, BenchReport, Figure } from './bench-report.ts';
import { withRedisStore } from './farm/open-store.ts';
import { missingServers } from './farm/services.ts';
import { median, rangeOf } from './statistics.ts';
import { acquireOne, finish, helloAll, type StoreSession, submitAll } from './store-alone.ts';

const DEPTHS = [1_000, 10_000, 100_000, 1_000_000] as const;
const AGENTS = 100;
const SHAPE = { lanes: 50, submitters: 100, recipeBytes: 40 };
/** Every agent acquires once a round; then all complete and the queues are filled up again. */
const ROUNDS = 21;
/** Before the first depth, so that it does not pay for code that is not compiled yet. */
const WARM_UP_ROUNDS = 30;
const FLAT = 1.5;
/** A store is filled for so long; a slow machine is measured as deep as that gets. */
const FILL_MS = 40_000;
const FILL_AT_ONCE = 10_000;

/** Whether acquiring costs more the more tasks are pending. */
export async function benchDepth(_: BenchOptions): Promise<BenchReport> {
  const memory = await measureMemory();
  const notes = missingServers('redis');
  const redis = notes.length > 0 ? [] : await measureRedis();
  return {
    bench: 'depth',
    setUp: [
      `tasks of ${SHAPE.submitters} submitters in ${SHAPE.lanes} requirement queues, ${AGENTS} agents with a host each; at every depth ${ROUNDS} rounds in which each agent acquires one task, completes it, and as many are added again`,
      'CPU time of the acquire calls alone, the median round: of this process for the memory store (no journal), of the Redis process for Redis (append-only file, appendfsync everysec)',
      `recipes of ${SHAPE.recipeBytes} bytes, so that a million tasks fit in memory; each store is filled for ${FILL_MS / 1_000} s at most`,
    ],
    figures: [...memory, ...redis],
    notes,
  };
}

async function measureMemory(): Promise<readonly Figure[]> {
  const store = createMemoryTaskStore({});
  await store.start();
  try {
    return await measureDepths('memory', store, async () => microseconds(process.cpuUsage()));
  } finally {
    await store.stop();
  }
}

async function measureRedis(): Promise<readonly Figure[]> {
  const server = await startRedisServer();
  const asking = new Redis(server.url);
  try {
    return await withRedisStore(server.url, (store) => measureDepths('Redis', store, () => redisCpuUs(asking)));
  } finally {
    asking.disconnect();
    await server.stop();
  }
}

/** Of the thread that runs commands, which counts finer than `/proc` does. */
async function redisCpuUs(client: Redis): Promise<number> {
  const info = await client.info('cpu');
  const seconds = ['user', 'sys'].map((kind) => Number(new RegExp(`used_cpu_${kind}_main_thread:([\\d.]+)`).exec(info)?.[1]));
  return microseconds({ user: (seconds[0] ?? 0) * 1e6, system: (seconds[1] ?? 0) * 1e6 });
}

function microseconds({ user, system }: NodeJS.CpuUsage): number {
  return user + system;
}

async function measureDepths(name: string, store: TaskStore, cpuUs: () => Promise<number>): Promise<readonly Figure[]> {
  const sessions = await helloAll(store, { agents: AGENTS, lanes: SHAPE.lanes });
  const figures: Figure[] = [];
  const queues = new Filled(store);
  const round = async (): Promise<number> => {
    const usedUs = await acquireAll(store, sessions, cpuUs);
    await queues.add(AGENTS);
    return usedUs / AGENTS;
  };
  await queues.add(DEPTHS[0]);
  await rounds(WARM_UP_ROUNDS, round);
  let pending: number = DEPTHS[0];
  for (const depth of DEPTHS) {
    pending += await queues.addInTime(depth - pending);
    const acquireUs = await rounds(ROUNDS, round);
    figures.push({ name: `${name}: acquire with ${pending} pending`, unit: 'us', value: median(acquireUs), ...rangeOf(acquireUs) });
    if (pending < depth) break;
  }
  return [...figures, flatness(name, figures)];
}

/** A store's queues as they are filled. */
class Filled {
  readonly #store: TaskStore;
  #submitted = 0;
  #leftMs = FILL_MS;

  constructor(store: TaskStore) {
    this.#store = store;
  }

  async add(tasks: number): Promise<void> {
    await submitAll(this.#store, { ...SHAPE, tasks }, this.#submitted);
    this.#submitted += tasks;
  }

  /** As many of them as there is time for; returns how many. */
  async addInTime(tasks: number): Promise<number> {
    let added = 0;
    while (added < tasks && this.#leftMs > 0) {
      const startMs = performance.now();
      const count = Math.min(FILL_AT_ONCE, tasks - added);
      await this.add(count);
      added += count;
      this.#leftMs -= performance.now() - startMs;
    }
    return added;
  }
}

async function rounds(count: number, round: () => Promise<number>): Promise<readonly number[]> {
  const values: number[] = [];
  for (let index = 0; index < count; index++) values.push(await round());
  return values;
}

/** CPU time in which every agent acquires one task; then they complete them. */
async function acquireAll(store: TaskStore, sessions: readonly StoreSession[], cpuUs: () => Promise<number>): Promise<number> {
  const beforeUs = await cpuUs();
  const leases = await Promise.all(sessions.map((session) => acquireOne(store, session)));
  const usedUs = (await cpuUs()) - beforeUs;
  const finished = sessions.map(async (session, index) => {
    const lease = leases[index];
    if (lease === undefined) throw new Error('an agent acquired nothing although tasks were pending');
    await finish(store, session, lease);
  });
  await Promise.all(finished);
  return usedUs;
}

function flatness(name: string, depths: readonly Figure[]): Figure {
  const values = depths.map(({ value }) => value);
  const value = Math.max(...values) / Math.min(...values);
  return { name: `${name}: dearest over cheapest depth`, unit: 'x', value, target: { text: `<= ${FLAT}x`, met: value <= FLAT } };
}
