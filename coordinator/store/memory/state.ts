import type { CellCuration } from '../../../domain/curation.ts';
import type { AgentId, HostId, JobId, SessionId, TaskId } from '../../../domain/names.ts';
import { DEFAULT_POLICY, type SchedulingPolicy } from '../../../domain/policy.ts';
import type { EpochMs } from '../../../domain/ports.ts';
import type { Requirement } from '../../../domain/requirement.ts';
import type { AgentRecord, JobRecord, StoreEvent, TaskRecord } from '../task-store.ts';
import { createHeap, type Heap } from './heap.ts';
import type { Entry, Queue } from './queue.ts';
import type { Stop } from './stop.ts';

/** A task with what the store alone needs to know. Immutable: a change puts a new one, so readers and snapshots keep what they have. */
export interface StoredTask {
  readonly record: TaskRecord;
  /** Its place while it is pending; kept afterwards for its sequence when it returns. */
  readonly entry: Entry | null;
  /** Attempts of earlier generations of this id: numbers go on from here. */
  readonly attemptBase: number;
  /** It was stopped while an attempt was alive: it ends with that attempt, as the stop says. */
  readonly stop: Stop | null;
  /** Attempt -> digest of the outcome its agent reported: a repeat is recognised by it. */
  readonly outcomes: Readonly<Record<number, string>>;
  /** Pool of the device that its live attempt holds; null without a pool or an attempt. */
  readonly pool: string | null;
  /** The host this blocked task has asked to fall quiet. */
  readonly reservedHost: HostId | null;
}

export interface StoredJob {
  readonly record: JobRecord;
  /** Place in `jobOrder`. */
  readonly ordinal: number;
  /** Somebody cancelled it, or its time was over: it takes nothing more. */
  readonly cancelledBy: string | null;
  /** Shared tasks that this job no longer follows, as it last saw them: cancelled here and alive elsewhere, or run again for a later job. */
  readonly detached: Readonly<Record<TaskId, TaskRecord>>;
}

export interface StoredAgent {
  readonly record: AgentRecord;
  /** When its stream closed; null while connected or offline. */
  readonly closedAt: EpochMs | null;
  /** Token of its newest lease, which may have ended: an acquire repeated with it must not lease anything else. */
  readonly lastToken: string | null;
}

/** One lease as its host counts it. */
export interface HostLease {
  readonly taskId: TaskId;
  readonly attempt: number;
  readonly agentId: AgentId;
  readonly exclusivity: Requirement['exclusivity'];
  /** Set when the attempt has ended but its agent may still be at work: the host stays taken until then. Null while the attempt lives. */
  readonly heldUntil: EpochMs | null;
}

/** The exclusivity domain. */
export interface StoredHost {
  readonly hostId: HostId;
  readonly agentIds: readonly AgentId[];
  readonly leases: readonly HostLease[];
  /** The blocked exclusive task for which this host lets no shared one in. */
  readonly reservedFor: TaskId | null;
  /** Submitters in the order they were last served here, the latest at the end. */
  readonly served: readonly string[];
}

export interface StoredSubmit {
  readonly jobId: JobId;
  readonly requestDigest: string;
}

/** Something that has a deadline; the deadline itself is looked up when it is asked for. */
export type Watched =
  | { readonly kind: 'lease' | 'accept' | 'timeout'; readonly taskId: TaskId; readonly attempt: number }
  | { readonly kind: 'session'; readonly agentId: AgentId; readonly sessionId: SessionId }
  | { readonly kind: 'avoid'; readonly taskId: TaskId }
  | { readonly kind: 'deadline'; readonly jobId: JobId }
  | { readonly kind: 'mark'; readonly agentId: AgentId }
  | { readonly kind: 'host'; readonly hostId: HostId; readonly taskId: TaskId; readonly attempt: number };

/** A watched thing under the deadline it had when it was put there. */
export interface Alarm {
  readonly at: EpochMs;
  readonly what: Watched;
}

/** Which queues a device can serve, found without looking at queues that name another unit. */
export interface Routing {
  /** Queues with pending tasks that name no unit. */
  readonly open: Set<Queue>;
  /** Unit -> queues with pending tasks for it alone. */
  readonly byUnit: Map<string, Set<Queue>>;
  /** Profile digest -> requirement digest -> whether it matches. */
  readonly matches: Map<string, Map<string, boolean>>;
}

type WithoutStamp<E> = E extends unknown ? Omit<E, 'sequence' | 'at'> : never;

/** An event before it has its number and time. */
export type EventDraft = WithoutStamp<StoreEvent>;

/** What a command has changed so far. Jobs, queues and hosts are told once per command, however many tasks moved. */
export interface Effects {
  readonly drafts: EventDraft[];
  readonly jobs: Set<JobId>;
  readonly ready: Set<string>;
  readonly freed: Set<HostId>;
  quotaFree: boolean;
}

/** Numbers that only grow. */
export interface Counters {
  session: number;
  enqueue: number;
  event: number;
}

/**
 * Everything the store knows. The first block is the truth and goes into snapshots; the second is derived from it and rebuilt. Records are immutable;
 * only the functions of this folder write the maps, and they count each write in `revision`.
 */
export interface State {
  readonly counters: Counters;
  readonly tasks: Map<TaskId, StoredTask>;
  readonly jobs: Map<JobId, StoredJob>;
  readonly jobOrder: JobId[];
  readonly submits: Map<string, StoredSubmit>;
  readonly agents: Map<AgentId, StoredAgent>;
  readonly hosts: Map<HostId, StoredHost>;
  readonly queues: Map<string, Queue>;
  readonly events: StoreEvent[];
  policy: SchedulingPolicy;
  readonly curations: Map<string, CellCuration>;

  revision: number;
  /** Need -> waiting tasks that need it. */
  readonly waiters: Map<TaskId, Set<TaskId>>;
  readonly benchmarks: Set<TaskId>;
  /** Jobs that have not ended. */
  readonly running: Set<JobId>;
  /** Jobs that follow the fleet, or did once and were not cancelled. */
  readonly following: Set<JobId>;
  readonly alarms: Heap<Alarm>;
  readonly routing: Routing;
  /** Live leases by the keys of `leaseKeys`. */
  readonly leaseCounts: Map<string, number>;
  /** What the command in progress has changed, for its events. */
  readonly effects: Effects;
}

export function createState(): State {
  return {
    counters: { session: 0, enqueue: 0, event: 0 },
    tasks: new Map(),
    jobs: new Map(),
    jobOrder: [],
    submits: new Map(),
    agents: new Map(),
    hosts: new Map(),
    queues: new Map(),
    events: [],
    policy: DEFAULT_POLICY,
    curations: new Map(),
    revision: 0,
    waiters: new Map(),
    benchmarks: new Set(),
    running: new Set(),
    following: new Set(),
    alarms: createHeap<Alarm>((a, b) => a.at - b.at),
    routing: { open: new Set(), byUnit: new Map(), matches: new Map() },
    leaseCounts: new Map(),
    effects: { drafts: [], jobs: new Set(), ready: new Set(), freed: new Set(), quotaFree: false },
  };
}

export function putTask(state: State, task: StoredTask): StoredTask {
  state.tasks.set(task.record.taskId, task);
  state.revision += 1;
  return task;
}

export function putJob(state: State, job: StoredJob): StoredJob {
  state.jobs.set(job.record.jobId, job);
  indexJob(state, job);
  state.revision += 1;
  return job;
}

/** Keeps the sets of jobs that somebody has to look after. */
export function indexJob({ running, following }: State, { record: { jobId, state, followsUntil } }: StoredJob): void {
  if (state === 'running') running.add(jobId);
  else running.delete(jobId);
  if (followsUntil === null) following.delete(jobId);
  else following.add(jobId);
}

export function putAgent(state: State, agent: StoredAgent): StoredAgent {
  state.agents.set(agent.record.agentId, agent);
  state.revision += 1;
  return agent;
}

export function putHost(state: State, host: StoredHost): StoredHost {
  state.hosts.set(host.hostId, host);
  state.revision += 1;
  return host;
}

/** A task that must exist because another record names it. */
export function taskOf(state: State, taskId: TaskId): StoredTask {
  return known(state.tasks.get(taskId), taskId);
}

/** A job that must exist because a task names it. */
export function jobOf(state: State, jobId: JobId): StoredJob {
  return known(state.jobs.get(jobId), jobId);
}

/** The host of an agent that has said hello. */
export function hostOf(state: State, hostId: HostId): StoredHost {
  return known(state.hosts.get(hostId), hostId);
}

function known<T>(value: T | undefined, id: string): T {
  if (value === undefined) throw new Error(`the store has lost ${id}`);
  return value;
}
