import type { BenchOptions, BenchReport, Figure } from './bench-report.ts';
import { measureBullmq } from './bullmq.ts';
import { type BenchFarm, withFarm } from './farm/bench-farm.ts';
import { missingServers, type Services, withServices } from './farm/services.ts';
import { untilCompleted } from './farm/submits.ts';
import { cpuMsOf } from './processes/process-tree.ts';
import { quantile, steadyRate } from './statistics.ts';
import { RECIPE_BYTES, submitAll } from './store-alone.ts';

const AGENTS = 1_000;
const LANES = 50;
const SUBMITTERS = 100;
const TASKS = 10_000;
const TARGET_PER_SECOND = 2_000;

/** Assignments per second over gRPC: acquire, accept, complete, each host for itself. */
export async function benchAssignments({ profile }: BenchOptions): Promise<BenchReport> {
  const notes = missingServers('redis', 's3');
  const redis = notes.length > 0 ? [] : await withServices((services) => measureOnRedis(services, profile));
  const memory = await measureFarm('memory', { profile });
  return {
    bench: 'assign',
    setUp: [
      `${AGENTS} simulated agents in one process, each its own TCP connection and host; one coordinator in another, on a redis-server of its own (append-only file, appendfsync everysec) with an S3 server for artifacts, then on the memory store with its journal synced`,
      `${TASKS} pending benchmarks of ${SUBMITTERS} submitters in ${LANES} requirement queues, tasks of 0 ms, results of 5 launches; the rate is that of recorded results between the first and the last tenth; every result is recorded exactly once or the bench fails`,
      `BullMQ beside it on the same Redis: ${TASKS} jobs with as much data each, added in bulks of 100, then handled by one worker 200 at a time, which returns as large a result; no requirements, hosts, leases to renew or network of agents`,
    ],
    figures: [...redis, ...memory],
    notes,
  };
}

async function measureOnRedis(services: Services, profile: boolean): Promise<readonly Figure[]> {
  const farm = await measureFarm('Redis', { profile, services });
  return [...farm, ...(await measureBullmq(services, TASKS))];
}

async function measureFarm(name: string, { profile, services }: { profile: boolean; services?: Services }): Promise<readonly Figure[]> {
  const shape = { agents: AGENTS, lanes: LANES, submitters: SUBMITTERS, tasks: TASKS, recipeBytes: RECIPE_BYTES };
  const options = { agents: AGENTS, lanes: LANES, taskMs: 0, ready: false, profile, ...(services !== undefined && { services }) };
  let jobIds: readonly string[] = [];
  const prepare = async (store: Parameters<typeof submitAll>[0]): Promise<void> => {
    jobIds = await submitAll(store, shape);
  };
  return await withFarm({ ...options, prepare }, async (farm) => {
    const figures = await measureWork(farm, services);
    for (const jobId of jobIds) await untilCompleted(farm.coordinator.client, jobId);
    const [steady, ...others] = figures.map((figure) => ({ ...figure, name: `${name}: ${figure.name}` }));
    if (steady === undefined || services === undefined) return [...(steady === undefined ? [] : [steady]), ...others];
    return [{ ...steady, target: { text: `>= ${TARGET_PER_SECOND}/s`, met: steady.value >= TARGET_PER_SECOND } }, ...others];
  });
}

async function measureWork({ coordinator, fleet }: BenchFarm, services: Services | undefined): Promise<readonly Figure[]> {
  const processes = [
    { name: 'coordinator', pid: coordinator.pid },
    { name: 'fleet', pid: fleet.pid },
    ...(services === undefined ? [] : [{ name: 'Redis', pid: services.redisPid }]),
  ];
  const before = processes.map(({ pid }) => cpuMsOf(pid));
  const { recordedAtMs, cycleMs, troubles } = await fleet.measure(TASKS);
  const cpu = processes.flatMap(({ name, pid }, index) => cpuFigure(name, before[index], cpuMsOf(pid)));
  if (troubles > 0) throw new Error(`${troubles} results were refused or connections lost`);
  return [
    { name: 'steady', unit: 'assignments/s', value: steadyRate(recordedAtMs) },
    { name: 'assignment received to result acknowledged, p50', unit: 'ms', value: quantile(cycleMs, 0.5) },
    { name: 'assignment received to result acknowledged, p99', unit: 'ms', value: quantile(cycleMs, 0.99) },
    ...cpu,
  ];
}

function cpuFigure(name: string, beforeMs: number | undefined, afterMs: number | undefined): readonly Figure[] {
  if (beforeMs === undefined || afterMs === undefined) return [];
  return [{ name: `${name} CPU per assignment`, unit: 'ms', value: (afterMs - beforeMs) / TASKS }];
}
