import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import type { GroveClient } from '../api/client.ts';
import { EXPIRY_HOLD_MS, SILENCE_MS, STREAM_GRACE_MS } from '../domain/constants.ts';
import { INSTALLATION_FOLDER } from '../platform/installation.ts';
import type { BenchOptions, BenchReport, Figure } from './bench-report.ts';
import { CoordinatorProcess } from './farm/coordinator-process.ts';
import { anyDevice, jobIdOf, laneJob, type StandInModel, submitAndWait, untilCompleted, uploadStandIn } from './farm/submits.ts';
import { FleetProcess } from './fleet/fleet-process.ts';
import { cpuMsOf, residentBytesOf } from './processes/process-tree.ts';
import { BENCH_FOLDER, inFreshFolder } from './work-place.ts';

const AGENTS = 10_000;
/** On a busy machine the fleet is as large as it gets in this time. */
const JOIN_WITHIN_MS = 60_000;
/** Agents of one of them run tasks while the coordinator dies. */
const LANES = 100;
/** Long enough for the crash and everybody's return to fall into it. */
const TASK_MS = 30_000;
const IDLE_MS = 9_000;
const POLL_MS = 25;
const GIB = 2 ** 30;
const MEMORY_TARGET_GIB = 1;
const SERVING_TARGET_S = 5;
const STORM_TARGET_S = 10;
/** From the loss to the task being pending again. */
const CLOSED_TARGET_S = STREAM_GRACE_MS / 1_000 + 1;
const SILENT_TARGET_S = SILENCE_MS / 1_000 + 1;

/** The loss of agents, ten thousand of them on one coordinator, and its death under them. */
export function benchRecovery({ profile }: BenchOptions): Promise<BenchReport> {
  const profileFolder = profile ? join(BENCH_FOLDER, 'profiles') : undefined;
  return inFreshFolder(async (folder) => {
    const first = await CoordinatorProcess.start(folder);
    const model = await uploadStandIn(first.client);
    await submitConversion(first, model);
    // Nothing expires so soon after a start.
    await setTimeout(EXPIRY_HOLD_MS);
    const losses = await agentLosses(first, model);
    const joinMs = performance.now();
    const config = { grpcAddress: first.grpcAddress, model: model.converted, agents: AGENTS, lanes: LANES, taskMs: TASK_MS, ready: true };
    const fleet = await FleetProcess.join({ ...config, joinWithinMs: JOIN_WITHIN_MS }, INSTALLATION_FOLDER);
    try {
      const joined: Figure = { name: `${fleet.agents} agents joined within`, unit: 's', value: secondsSince(joinMs) };
      const idle = await idleFigures(first, fleet);
      const storm = await crashUnderLoad({ folder, first, fleet, model, profileFolder });
      await fleet.stop();
      await storm.second.stop();
      return reportOf([...losses, joined, ...idle, ...storm.figures], fleet.agents);
    } finally {
      await fleet.stop();
    }
  });
}

/** So that benchmarks need an agent only. */
async function submitConversion({ client, grpcAddress }: CoordinatorProcess, model: StandInModel): Promise<void> {
  const config = { grpcAddress, model: model.converted, agents: 1, lanes: 1, taskMs: 0, ready: true };
  const fleet = await FleetProcess.join(config, INSTALLATION_FOLDER);
  try {
    await submitAndWait(client, anyDevice(model));
  } finally {
    await fleet.stop();
  }
}

async function idleFigures({ pid }: CoordinatorProcess, fleet: FleetProcess): Promise<readonly Figure[]> {
  const processes = [
    { name: 'coordinator', pid },
    { name: 'fleet', pid: fleet.pid },
  ];
  const before = processes.map((one) => cpuMsOf(one.pid) ?? 0);
  const startMs = performance.now();
  await setTimeout(IDLE_MS);
  const idleMs = performance.now() - startMs;
  const cores = processes.map(({ name, pid: of }, index): Figure => {
    const value = ((cpuMsOf(of) ?? 0) - (before[index] ?? 0)) / idleMs;
    return { name: `${name} CPU for heartbeats alone`, unit: 'cores', value };
  });
  const memoryGib = (residentBytesOf(pid) ?? 0) / GIB;
  const target = { text: `< ${MEMORY_TARGET_GIB} GiB`, met: memoryGib < MEMORY_TARGET_GIB };
  return [{ name: 'coordinator memory', unit: 'GiB', value: memoryGib, ...(fleet.agents === AGENTS && { target }) }, ...cores];
}

interface Crash {
  readonly folder: string;
  readonly first: CoordinatorProcess;
  readonly fleet: FleetProcess;
  readonly model: StandInModel;
  /** Where the second coordinator leaves a CPU profile: the first is killed. */
  readonly profileFolder: string | undefined;
}

/** Kills the coordinator while agents hold leases and starts another on its data folder. Throws when a lease was lost or a result counted twice. */
async function crashUnderLoad({
  folder,
  first,
  fleet,
  model,
  profileFolder,
}: Crash): Promise<{ second: CoordinatorProcess; figures: readonly Figure[] }> {
  const leases = Math.floor(fleet.agents / LANES);
  const jobId = jobIdOf(await first.client.submit(await laneJob(model, { lane: 0, benchmarks: leases })));
  await untilRunning(first.client, jobId, leases);
  const returned = fleet.returned();
  // Whatever fails before it is awaited ends the fleet too, and is the error to show.
  returned.catch(() => {});
  await first.kill();
  const killedMs = performance.now();
  const second = await CoordinatorProcess.start(folder, { like: first, profileFolder });
  await second.client.job(jobId);
  const serving = secondsSince(killedMs);
  const abandoned = await returned;
  const back = secondsSince(killedMs) - serving;
  await untilCompleted(second.client, jobId);
  const { tasks } = await second.client.job(jobId);
  const again = tasks.filter(({ kind, attempts }) => kind === 'benchmark' && attempts.length !== 1).length;
  if (abandoned > 0 || again > 0) throw new Error(`${abandoned} leases were abandoned and ${again} tasks ran again after the crash`);
  return {
    second,
    figures: [
      withTarget('coordinator kill -9: serving again after', serving, SERVING_TARGET_S),
      withTarget(`${fleet.agents} agents back after it serves, ${leases} leases kept`, back, STORM_TARGET_S),
    ],
  };
}

/** One agent's process is killed (its socket closes), another's is frozen (its socket stays open, silent). */
async function agentLosses({ client, grpcAddress }: CoordinatorProcess, model: StandInModel): Promise<readonly Figure[]> {
  const lose = async (loss: (fleet: FleetProcess) => void): Promise<number> => {
    const config = { grpcAddress, model: model.converted, agents: 1, lanes: 1, taskMs: 600_000, ready: true };
    const fleet = await FleetProcess.join(config, INSTALLATION_FOLDER);
    try {
      const jobId = jobIdOf(await client.submit(anyDevice(model)));
      await untilRunning(client, jobId, 1);
      loss(fleet);
      const lostMs = performance.now();
      await untilPending(client, jobId);
      const seconds = secondsSince(lostMs);
      await client.cancelJob(jobId);
      return seconds;
    } finally {
      // SIGKILL ends a stopped process too.
      await fleet.stop();
    }
  };
  return [
    withTarget('agent killed: its task pending again after', await lose((fleet) => fleet.kill()), CLOSED_TARGET_S),
    withTarget('agent silent: its task pending again after', await lose((fleet) => fleet.freeze()), SILENT_TARGET_S),
  ];
}

async function untilRunning(client: GroveClient, jobId: string, count: number): Promise<void> {
  while ((await client.job(jobId)).counts.running < count) await setTimeout(POLL_MS);
}

async function untilPending(client: GroveClient, jobId: string): Promise<void> {
  while ((await client.job(jobId)).counts.pending === 0) await setTimeout(POLL_MS);
}

function secondsSince(startMs: number): number {
  return (performance.now() - startMs) / 1_000;
}

function withTarget(name: string, value: number, limit: number): Figure {
  return { name, unit: 's', value, target: { text: `<= ${limit} s`, met: value <= limit } };
}

function reportOf(figures: readonly Figure[], agents: number): BenchReport {
  return {
    bench: 'recovery',
    setUp: [
      'one agent that runs a task is killed, and one is frozen (SIGSTOP), on a coordinator of its own process with its journal synced: time until the task is pending again',
      `then ${agents} simulated agents in one process over gRPC, each a host with its own connection, heartbeats every 3 s; memory and CPU of the coordinator after all have joined`,
      `then a task of ${TASK_MS / 1_000} s runs on every ${LANES}th agent, the coordinator is killed (SIGKILL) and started again on its data folder and ports; every agent reconnects, every lease goes on, every task completes with attempt 1, or the bench fails`,
    ],
    figures,
    notes:
      agents === AGENTS ? [] : [`the machine was too busy for ${AGENTS} agents to join within ${JOIN_WITHIN_MS / 1_000} s: ${agents} have`],
  };
}
