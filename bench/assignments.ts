import type { BenchOptions, BenchReport, Figure } from './bench-report.ts';
import { type BenchFarm, withFarm } from './farm/bench-farm.ts';
import { jobIdOf, laneJob, untilAgentsAre, untilCompleted } from './farm/submits.ts';
import { cpuMsOf } from './processes/process-tree.ts';
import { quantile, steadyRate } from './statistics.ts';
import { type AloneResult, measureMemoryAlone } from './store-alone.ts';

const AGENTS = 200;
const LANES = 50;
const TASKS_PER_LANE = 80;
const TASKS = LANES * TASKS_PER_LANE;
const ALONE_TARGET_PER_SECOND = 10_000;

/** Assignments per second: acquire, accept, complete, each host for itself. */
export async function benchAssignments({ profile }: BenchOptions): Promise<BenchReport> {
  const farm = await withFarm({ agents: AGENTS, lanes: LANES, taskMs: 0, profile }, measureFarm);
  const shape = { agents: AGENTS, lanes: LANES };
  const memory = await measureMemoryAlone({ ...shape, tasks: 3 * TASKS, journal: false });
  const journal = await measureMemoryAlone({ ...shape, tasks: 2 * TASKS, journal: true });
  return {
    bench: 'assign',
    setUp: [
      `over gRPC: ${AGENTS} simulated agents in one process, each its own TCP connection and host, coordinator in another with its journal synced; ${TASKS} pending benchmarks in ${LANES} requirement queues, tasks of 0 ms`,
      'the rate is that of recorded results between the first and the last tenth; every result is recorded exactly once or the bench fails',
      'store alone: the same shape as direct calls in this process, acquire then accept then complete, one caller per agent, nothing else running',
    ],
    figures: [...farm, ...aloneFigures('store alone, no journal', memory), ...aloneFigures('store alone, journal synced', journal)],
    notes: [],
  };
}

async function measureFarm({ coordinator, fleet, model }: BenchFarm): Promise<readonly Figure[]> {
  const { client } = coordinator;
  fleet.pause();
  await untilAgentsAre(client, 'not-ready');
  const jobIds: string[] = [];
  for (let lane = 0; lane < LANES; lane++)
    jobIds.push(jobIdOf(await client.submit(await laneJob(model, { lane, benchmarks: TASKS_PER_LANE }))));
  const cpu = [coordinator.pid, fleet.pid].map((pid) => ({ pid, beforeMs: cpuMsOf(pid) }));
  const { recordedAtMs, cycleMs, troubles } = await fleet.measure(TASKS);
  const cpuMs = cpu.map(({ pid, beforeMs }) => (beforeMs === undefined ? undefined : (cpuMsOf(pid) ?? 0) - beforeMs));
  if (troubles > 0) throw new Error(`${troubles} results were refused or connections lost`);
  for (const jobId of jobIds) await untilCompleted(client, jobId);
  return [
    { name: 'over gRPC, steady', unit: 'assignments/s', value: steadyRate(recordedAtMs) },
    { name: 'over gRPC, from go to the last', unit: 'assignments/s', value: (TASKS / Math.max(...recordedAtMs)) * 1_000 },
    { name: 'assignment received to result acknowledged, p50', unit: 'ms', value: quantile(cycleMs, 0.5) },
    { name: 'assignment received to result acknowledged, p99', unit: 'ms', value: quantile(cycleMs, 0.99) },
    ...cpuFigures(cpuMs),
  ];
}

function cpuFigures([coordinatorMs, fleetMs]: readonly (number | undefined)[]): readonly Figure[] {
  const one = (name: string, cpuMs: number | undefined): readonly Figure[] =>
    cpuMs === undefined ? [] : [{ name: `${name} CPU per assignment`, unit: 'ms', value: cpuMs / TASKS }];
  return [...one('coordinator', coordinatorMs), ...one('fleet', fleetMs)];
}

function aloneFigures(name: string, { perSecond, commandsPerSync }: AloneResult): readonly Figure[] {
  const target = { text: `>= ${ALONE_TARGET_PER_SECOND}/s`, met: perSecond >= ALONE_TARGET_PER_SECOND };
  const rate: Figure = { name, unit: 'assignments/s', value: perSecond, target };
  return commandsPerSync === null ? [rate] : [rate, { name: `${name}: commands per sync`, unit: '', value: commandsPerSync }];
}
