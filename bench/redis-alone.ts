import { spawnSync } from 'node:child_process';
import { connectRedis } from '../coordinator/store/redis/connect.ts';
import { createRedisTaskStore } from '../coordinator/store/redis/redis-task-store.ts';
import type { TaskStore } from '../coordinator/store/task-store.ts';
import { createSystemClock } from '../platform/clock.ts';
import { startRedisServer } from '../test/support/redis-server.ts';
import type { BenchOptions, BenchReport, Figure } from './bench-report.ts';
import { cpuMsOf } from './processes/process-tree.ts';
import { type AloneShape, measureAlone, submitAll } from './store-alone.ts';

const AGENTS = 200;
const LANES = 50;
const TASKS = 20_000;
const TARGET_PER_SECOND = 10_000;
const DEPTHS = [1_000, 10_000, 100_000] as const;
/** Assignments by which the cost at a depth is measured: few enough to leave the depth what it is. */
const PROBES = 1_000;

/** The task store on Redis by itself: assignments per second, and whether their cost grows with the depth of the queues. */
export async function benchRedis(_: BenchOptions): Promise<BenchReport> {
  if (spawnSync('redis-server', ['--version']).status !== 0) {
    return { bench: 'redis', setUp: [], figures: [], notes: ['not measured: there is no redis-server on PATH'] };
  }
  const rate = await withRedis((store, redisCpuMs) => measureRate(store, redisCpuMs));
  const depths: Figure[] = [];
  for (const depth of DEPTHS) depths.push(await withRedis((store, redisCpuMs) => measureDepth(store, redisCpuMs, depth)));
  return {
    bench: 'redis',
    setUp: [
      `a redis-server of its own on loopback, append-only file, appendfsync everysec; this process is the one coordinator, with one connection for commands and one for events`,
      `rate: ${TASKS} pending benchmarks in ${LANES} requirement queues, ${AGENTS} agents at once, each acquires, accepts and completes until nothing is left`,
      `depth: one queue, ${PROBES} assignments by ${AGENTS} agents at once with that many tasks pending; Redis's own CPU time, which a busy machine disturbs less than wall time`,
    ],
    figures: [...rate, ...depths, flatness(depths)],
    notes: [],
  };
}

async function withRedis<T>(run: (store: TaskStore, redisCpuMs: () => number) => Promise<T>): Promise<T> {
  const server = await startRedisServer();
  const link = await connectRedis({ url: server.url });
  const store = createRedisTaskStore({ link, farm: 'bench', clock: createSystemClock() });
  try {
    await store.start();
    return await run(store, () => cpuMsOf(server.pid()) ?? 0);
  } finally {
    await store.stop();
    link.close();
    await server.stop();
  }
}

async function measureRate(store: TaskStore, redisCpuMs: () => number): Promise<readonly Figure[]> {
  const shape: AloneShape = { agents: AGENTS, lanes: LANES, tasks: TASKS };
  await submitAll(store, shape);
  const [redisBefore, ownBefore] = [redisCpuMs(), process.cpuUsage()];
  const value = await measureAlone(store, shape);
  const own = process.cpuUsage(ownBefore);
  const target = { text: `>= ${TARGET_PER_SECOND}/s`, met: value >= TARGET_PER_SECOND };
  return [
    { name: 'store alone on Redis', unit: 'assignments/s', value, target },
    { name: 'Redis CPU per assignment', unit: 'us', value: ((redisCpuMs() - redisBefore) / TASKS) * 1_000 },
    { name: 'coordinator CPU per assignment', unit: 'us', value: (own.user + own.system) / TASKS },
  ];
}

async function measureDepth(store: TaskStore, redisCpuMs: () => number, depth: number): Promise<Figure> {
  await submitAll(store, { agents: AGENTS, lanes: 1, tasks: depth });
  const before = redisCpuMs();
  await measureAlone(store, { agents: AGENTS, lanes: 1, tasks: PROBES }, PROBES / AGENTS);
  return { name: `Redis CPU per assignment, ${depth} pending`, unit: 'us', value: ((redisCpuMs() - before) / PROBES) * 1_000 };
}

function flatness(depths: readonly Figure[]): Figure {
  const values = depths.map(({ value }) => value);
  const value = Math.max(...values) / Math.min(...values);
  return { name: 'dearest over cheapest depth', unit: 'x', value, target: { text: '<= 1.5x', met: value <= 1.5 } };
}
