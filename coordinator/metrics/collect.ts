import type { Health } from '../../api/health.ts';
import { ERRORS } from '../../domain/errors.ts';
import type { Clock } from '../../domain/ports.ts';
import { STAGES } from '../../domain/task.ts';
import type { ArtifactStore } from '../artifacts/artifact-store.ts';
import type { AgentRecord, QueueSummary, StoreEvent, TaskStore } from '../store/task-store.ts';
import { createFarmMetrics, type FarmMetrics } from './farm-metrics.ts';

/** Where figures come from. */
export interface MetricsSource {
  readonly store: Pick<TaskStore, 'queues' | 'agents' | 'subscribe'>;
  readonly artifacts: Pick<ArtifactStore, 'head'>;
  readonly clock: Pick<Clock, 'now' | 'monotonicMs'>;
  health(): Promise<Pick<Health, 'store' | 'artifacts' | 'coordinators'>>;
  /** Progress of running attempts; returns the unsubscribe function. */
  onProgress(listener: (taskId: string, progress: { readonly attempt: number; readonly stage: string }) => void): () => void;
  /** One state an agent is in, in the words people see. */
  stateOf(agent: AgentRecord): string;
}

/** The figures of a coordinator in the text format of Prometheus. */
export interface Metrics {
  readonly contentType: string;
  /** Never throws: a store that does not answer is a figure. */
  render(): Promise<string>;
  requestAnswered(request: { readonly method: string; readonly status: number; readonly durationMs: number }): void;
  stop(): void;
}

/** No blob has this digest. */
const NO_BLOB = '0'.repeat(64);
/** Attempts whose stage is timed at once; more than a coordinator's agents run. */
const MAX_TIMED = 20_000;

/** Counts from now on; what is only known by asking is asked for at each scrape, at a cost that does not depend on how many tasks wait. */
export function createMetrics(source: MetricsSource): Metrics {
  const metrics = createFarmMetrics();
  const timer = new StageTimer(metrics, source.clock);
  const undo = [
    source.store.subscribe((event) => countEvent(metrics, timer, event)),
    source.onProgress((taskId, { stage }) => timer.at(taskId, stage)),
  ];
  return {
    contentType: metrics.registry.contentType,
    async render() {
      await Promise.all([askStore(metrics, source), askArtifacts(metrics, source), askHealth(metrics, source)]);
      return metrics.registry.metrics();
    },
    requestAnswered: ({ method, status, durationMs }) =>
      metrics.requestSeconds.observe(
        { method: METHODS.has(method) ? method : 'other', status: `${Math.floor(status / 100)}xx` },
        durationMs / 1_000,
      ),
    stop: () => {
      for (const step of undo) step();
    },
  };
}

const METHODS: ReadonlySet<string> = new Set(['GET', 'HEAD', 'POST', 'PUT', 'DELETE']);
const KNOWN_STAGES: ReadonlySet<string> = new Set(Object.values(STAGES).flat());
const ENDS: ReadonlySet<string> = new Set(['pending', 'completed', 'failed', 'exception', 'cancelled']);

function countEvent({ attemptsEnded }: FarmMetrics, timer: StageTimer, event: StoreEvent): void {
  if (event.type !== 'task' || event.attempt === 0 || !ENDS.has(event.state)) return;
  timer.end(event.taskId);
  const code = event.code !== null && Object.hasOwn(ERRORS, event.code) ? event.code : '';
  attemptsEnded.inc({ state: event.state, code });
}

/** How long each running attempt has been in its stage. */
class StageTimer {
  readonly #metrics: FarmMetrics;
  readonly #clock: MetricsSource['clock'];
  readonly #running = new Map<string, { readonly stage: string; readonly sinceMs: number }>();

  constructor(metrics: FarmMetrics, clock: MetricsSource['clock']) {
    this.#metrics = metrics;
    this.#clock = clock;
  }

  at(taskId: string, stage: string): void {
    const known = this.#running.get(taskId);
    if (known?.stage === stage || !KNOWN_STAGES.has(stage)) return;
    this.end(taskId);
    if (this.#running.size < MAX_TIMED) this.#running.set(taskId, { stage, sinceMs: this.#clock.monotonicMs() });
  }

  end(taskId: string): void {
    const known = this.#running.get(taskId);
    if (known === undefined) return;
    this.#running.delete(taskId);
    this.#metrics.stageSeconds.observe({ stage: known.stage }, (this.#clock.monotonicMs() - known.sinceMs) / 1_000);
  }
}

async function askStore(metrics: FarmMetrics, { store, clock, stateOf }: MetricsSource): Promise<void> {
  const begunMs = clock.monotonicMs();
  try {
    const queues = await store.queues();
    metrics.storeSeconds.set((clock.monotonicMs() - begunMs) / 1_000);
    metrics.storeUp.set(1);
    const agents = await store.agents();
    showQueues(metrics, queues, { now: clock.now(), agents });
    showDevices(metrics, agents, stateOf);
  } catch {
    metrics.storeUp.set(0);
  }
}

/** A provider that no device offers is `other`: requirements may name what they like. */
function showQueues(
  { pending, oldest }: FarmMetrics,
  queues: readonly QueueSummary[],
  { now, agents }: { readonly now: number; readonly agents: readonly AgentRecord[] },
): void {
  const offered = new Set(agents.flatMap(({ devices }) => devices.flatMap(({ profile }) => profile.eps.map(({ name }) => name))));
  pending.reset();
  oldest.reset();
  const waits = new Map<string, number>();
  for (const { requirement, pending: tasks, oldestEnqueuedAt } of queues) {
    const labels = {
      kind: requirement.kind,
      ep: offered.has(requirement.ep) ? requirement.ep : 'other',
      device_class: requirement.deviceClass,
    };
    pending.inc(labels, tasks);
    const key = Object.values(labels).join(' ');
    const waited = Math.max(waits.get(key) ?? 0, (now - oldestEnqueuedAt) / 1_000, 0);
    waits.set(key, waited);
    oldest.set(labels, waited);
  }
}

function showDevices({ devices, leases }: FarmMetrics, agents: readonly AgentRecord[], stateOf: MetricsSource['stateOf']): void {
  devices.reset();
  for (const agent of agents) for (const { profile } of agent.devices) devices.inc({ device_class: profile.class, state: stateOf(agent) });
  leases.set(agents.reduce((sum, agent) => sum + agent.leases.length, 0));
}

async function askArtifacts({ artifactsSeconds }: FarmMetrics, { artifacts, clock }: MetricsSource): Promise<void> {
  const begunMs = clock.monotonicMs();
  await artifacts.head(NO_BLOB).catch(() => undefined);
  artifactsSeconds.set((clock.monotonicMs() - begunMs) / 1_000);
}

async function askHealth({ artifactsUp, coordinators }: FarmMetrics, { health }: MetricsSource): Promise<void> {
  const known = await health().catch(() => undefined);
  artifactsUp.set(known?.artifacts.ok === true ? 1 : 0);
  coordinators.set(known?.coordinators.length ?? 0);
}
