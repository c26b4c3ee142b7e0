import { setTimeout } from 'node:timers/promises';
import type { GroveClient } from '../api/client.ts';
import type { SubmitRequest } from '../api/submit.ts';
import type { BenchOptions, BenchReport, Figure } from './bench-report.ts';
import { type BenchFarm, withFarm } from './farm/bench-farm.ts';
import { anyDevice, jobIdOf, submitAndWait } from './farm/submits.ts';
import { cpuMsOf } from './processes/process-tree.ts';
import { quantile } from './statistics.ts';

const AGENTS = 500;
const WARM_UP = 50;
/** A 99th percentile needs a few samples beyond it. */
const SUBMITS = 700;
/** Between two submits, so that each finds the farm idle but for its heartbeats. */
const PAUSE_MS = 10;
const TASK_MS = 20;
/** A heartbeat of every agent falls into it. */
const IDLE_MS = 3_000;
const P50_TARGET_MS = 5;
const P99_TARGET_MS = 25;

/** How long a submitted benchmark takes to be running on an agent when nothing has to be converted first. */
export function benchSubmitLatency({ profile }: BenchOptions): Promise<BenchReport> {
  return withFarm({ agents: AGENTS, lanes: 1, taskMs: TASK_MS, ready: true, profile }, measure);
}

async function measure({ coordinator, model }: BenchFarm): Promise<BenchReport> {
  const { client, pid } = coordinator;
  const starts = new StartTimes(client);
  await starts.open();
  const request = anyDevice(model);
  await submitAndWait(client, request);
  for (let index = 0; index < WARM_UP; index++) await submitOnce(client, request, starts);
  const idle = await withCpu(pid, () => setTimeout(IDLE_MS));
  const samples: Sample[] = [];
  const busy = await withCpu(pid, async () => {
    for (let index = 0; index < SUBMITS; index++) {
      samples.push(await submitOnce(client, request, starts));
      await setTimeout(PAUSE_MS);
    }
  });
  await starts.close();
  const recordedMs = await Promise.all(samples.map(({ taskId }) => recordedLatencyMs(client, taskId)));
  return reportOf([...seenFigures(samples), ...spreadOf('createdAt to acceptedAt in the record', recordedMs), ...cpuFigures(idle, busy)]);
}

interface Use {
  readonly wallMs: number;
  /** Undefined where CPU time cannot be read. */
  readonly cpuMs: number | undefined;
}

async function withCpu(pid: number, work: () => Promise<unknown>): Promise<Use> {
  const beforeMs = cpuMsOf(pid);
  const startMs = performance.now();
  await work();
  const wallMs = performance.now() - startMs;
  const afterMs = cpuMsOf(pid);
  return { wallMs, cpuMs: beforeMs === undefined || afterMs === undefined ? undefined : afterMs - beforeMs };
}

function cpuFigures(idle: Use, busy: Use): readonly Figure[] {
  if (idle.cpuMs === undefined || busy.cpuMs === undefined) return [];
  const idleShare = idle.cpuMs / idle.wallMs;
  return [
    { name: `coordinator CPU for ${AGENTS} idle agents`, unit: 'cores', value: idleShare },
    { name: 'coordinator CPU per submit beyond that', unit: 'ms', value: (busy.cpuMs - idleShare * busy.wallMs) / SUBMITS },
  ];
}

interface Sample {
  readonly taskId: string;
  /** From before the request was sent until its answer was read. */
  readonly answeredMs: number;
  /** From before the request was sent until the event arrived that says the accept is on disk. */
  readonly runningMs: number;
}

async function submitOnce(client: GroveClient, request: SubmitRequest, starts: StartTimes): Promise<Sample> {
  const sentMs = performance.now();
  const answer = await client.submit(request);
  const answeredMs = performance.now() - sentMs;
  const taskId = answer.plan.tasks.find(({ kind }) => kind === 'benchmark')?.taskId;
  if (taskId === undefined || taskId === null || answer.plan.cachedConversions !== 1)
    throw new Error(`job ${jobIdOf(answer)} is not one benchmark of a stored conversion`);
  return { taskId, answeredMs, runningMs: (await starts.of(taskId)) - sentMs };
}

/** When each task was seen to run. Its event may arrive before the answer of the submit that made it. */
class StartTimes {
  readonly #client: GroveClient;
  readonly #stop = new AbortController();
  readonly #seenMs = new Map<string, number>();
  readonly #waiting = new Map<string, (seenMs: number) => void>();
  #finished: Promise<void> = Promise.resolve();

  constructor(client: GroveClient) {
    this.#client = client;
  }

  /** Resolves when the stream of events delivers. */
  async open(): Promise<void> {
    const events = this.#client.events({ after: 0, signal: this.#stop.signal })[Symbol.asyncIterator]();
    await events.next();
    this.#finished = this.#follow(events);
  }

  async close(): Promise<void> {
    this.#stop.abort();
    await this.#finished;
  }

  of(taskId: string): Promise<number> {
    const seenMs = this.#seenMs.get(taskId);
    return seenMs === undefined ? new Promise((resolve) => this.#waiting.set(taskId, resolve)) : Promise.resolve(seenMs);
  }

  async #follow(events: ReturnType<ReturnType<GroveClient['events']>[typeof Symbol.asyncIterator]>): Promise<void> {
    for (let next = await events.next(); next.done !== true; next = await events.next()) {
      const event = next.value;
      if (event.type !== 'task' || event.state !== 'running') continue;
      const nowMs = performance.now();
      this.#seenMs.set(event.taskId, nowMs);
      this.#waiting.get(event.taskId)?.(nowMs);
    }
  }
}

/** The coordinator's own time stamps, whole milliseconds: when the expanded job entered the store, and when the accept was handled, before its sync. */
async function recordedLatencyMs(client: GroveClient, taskId: string): Promise<number> {
  const { createdAt, attempts } = await client.task(taskId);
  const acceptedAt = attempts[0]?.acceptedAt;
  if (attempts.length !== 1 || acceptedAt === null || acceptedAt === undefined) throw new Error(`task ${taskId} was not accepted once`);
  return acceptedAt - createdAt;
}

function seenFigures(samples: readonly Sample[]): readonly Figure[] {
  const [p50, p95, p99] = spreadOf(
    'submit sent to accept seen',
    samples.map(({ runningMs }) => runningMs),
  );
  if (p50 === undefined || p95 === undefined || p99 === undefined) return [];
  return [
    { ...p50, target: { text: `<= ${P50_TARGET_MS} ms`, met: p50.value <= P50_TARGET_MS } },
    p95,
    { ...p99, target: { text: `<= ${P99_TARGET_MS} ms`, met: p99.value <= P99_TARGET_MS } },
    ...spreadOf(
      'of which until the submit is answered',
      samples.map(({ answeredMs }) => answeredMs),
    ),
  ];
}

function spreadOf(name: string, samples: readonly number[]): readonly Figure[] {
  return [50, 95, 99].map((percent) => ({ name: `${name}, p${percent}`, unit: 'ms', value: quantile(samples, percent / 100) }));
}

function reportOf(figures: readonly Figure[]): BenchReport {
  return {
    bench: 'submit',
    setUp: [
      `${AGENTS} simulated agents in one process over gRPC, each its own connection, idle but for heartbeats; coordinator in another with its journal synced; submits from a third over REST`,
      `${SUBMITS} submits one after another, ${PAUSE_MS} ms apart: one recipe, any device, conversion stored already, tasks of ${TASK_MS} ms`,
      'measured from before the request is sent until the server-sent event of the accepted task, which follows the sync of the accept: an upper bound of "received to recorded", with the client and both deliveries in it',
    ],
    figures,
    notes: [],
  };
}
