import { startRedisServer } from '../test/support/redis-server.ts';
import type { BenchOptions, BenchReport, Figure } from './bench-report.ts';
import { withRedisStore } from './farm/open-store.ts';
import { missingServers } from './farm/services.ts';
import { cpuMsOf } from './processes/process-tree.ts';
import { type AloneResult, type AloneShape, measureAlone, measureMemoryAlone, RECIPE_BYTES, submitAll } from './store-alone.ts';

const SHAPE: AloneShape = { agents: 200, lanes: 50, submitters: 100, tasks: 20_000, recipeBytes: RECIPE_BYTES };
const TARGET_PER_SECOND = 10_000;

/** The task stores by themselves: assignments per second without agents, streams or a dispatcher. */
export async function benchStores(_: BenchOptions): Promise<BenchReport> {
  const memory = await measureMemoryAlone({ ...SHAPE, journal: false });
  const journal = await measureMemoryAlone({ ...SHAPE, journal: true });
  const notes = missingServers('redis');
  const redis = notes.length > 0 ? [] : await measureRedisAlone();
  return {
    bench: 'store',
    setUp: [
      `${SHAPE.tasks} pending benchmarks of ${SHAPE.submitters} submitters in ${SHAPE.lanes} requirement queues; ${SHAPE.agents} agents at once, each with a host of its own, acquire, accept and complete until nothing is left, as direct calls in this process`,
      'in memory without a journal, with its journal synced, and on a redis-server of its own on loopback (append-only file, appendfsync everysec) with one connection for commands and one for events',
    ],
    figures: [...aloneFigures('memory, no journal', memory), ...aloneFigures('memory, journal synced', journal), ...redis],
    notes,
  };
}

async function measureRedisAlone(): Promise<readonly Figure[]> {
  const server = await startRedisServer();
  try {
    return await withRedisStore(server.url, async (store) => {
      await submitAll(store, SHAPE);
      const before = { redisMs: cpuMsOf(server.pid()) ?? 0, own: process.cpuUsage() };
      const perSecond = await measureAlone(store, SHAPE);
      const own = process.cpuUsage(before.own);
      const redisMs = (cpuMsOf(server.pid()) ?? 0) - before.redisMs;
      return [
        rate('Redis', perSecond),
        { name: 'Redis: its CPU per assignment', unit: 'us', value: (redisMs / SHAPE.tasks) * 1_000 },
        { name: "Redis: the coordinator's CPU per assignment", unit: 'us', value: (own.user + own.system) / SHAPE.tasks },
      ];
    });
  } finally {
    await server.stop();
  }
}

function aloneFigures(name: string, { perSecond, commandsPerSync }: AloneResult): readonly Figure[] {
  if (commandsPerSync === null) return [rate(name, perSecond)];
  return [rate(name, perSecond), { name: `${name}: commands per sync`, unit: '', value: commandsPerSync }];
}

function rate(name: string, value: number): Figure {
  const target = { text: `>= ${TARGET_PER_SECOND}/s`, met: value >= TARGET_PER_SECOND };
  return { name, unit: 'assignments/s', value, target };
}
