import type { AgentMark, Breaker } from '../../domain/agent-mark.ts';
import type { CellCuration, CurationChange } from '../../domain/curation.ts';
import type { Device, DeviceState, HostInfo, Missing } from '../../domain/device.ts';
import type { ErrorReport } from '../../domain/errors.ts';
import type { JobSpec, JobState } from '../../domain/job.ts';
import type { AgentId, HostId, JobId, Priority, SessionId, TaskId } from '../../domain/names.ts';
import type { SchedulingPolicy } from '../../domain/policy.ts';
import type { EpochMs } from '../../domain/ports.ts';
import type { Principal } from '../../domain/principal.ts';
import type { AgentStatus, HeldLease, LeaseVerdict } from '../../domain/protocol.ts';
import type { Requirement } from '../../domain/requirement.ts';
import type { RetryPolicy } from '../../domain/retry.ts';
import type { Assignment, AttemptOutcome, LeaseRef, TaskResult, TaskSpec } from '../../domain/task.ts';
import type { TaskState } from '../../domain/task-state.ts';

/**
 * The farm's durable state behind a dozen atomic commands. Every implementation passes one conformance suite and one model test.
 *
 * Rules that hold for all of them:
 * - `now`, ids and tokens are arguments: an implementation never reads a clock or makes randomness, so a journal of commands replays exactly.
 * - A command either happens wholly or throws a GroveError and changes nothing.
 * - When a command's promise resolves, its effect survives a crash (heartbeats excepted: they may be lost with the process).
 * - Repeating a command with the same ids changes nothing and returns the same answer.
 * - Results are written only with the current lease token (fencing).
 */
export interface TaskStore {
  // Commands
  submit(command: SubmitCommand): Promise<SubmitAnswer>;
  /**
   * Adds tasks to a job: conversions once a source is resolved, benchmarks when the fleet grows. Tasks the job has are left as they are, tasks of other
   * jobs are shared (see {@link NewTask}). A cancelled job takes nothing; one that has ended otherwise runs again. Throws `not-found`,
   * `invalid-request` (unknown or circular needs) and `illegal-transition` (new needs for a task that has begun).
   */
  addTasks(command: AddTasksCommand): Promise<void>;
  hello(command: HelloCommand): Promise<HelloAnswer>;
  /** Renews leases and stores momentary state. No-op verdicts (`abandon`) for leases that are not this session's. Throws `stale-session`. */
  heartbeat(command: HeartbeatCommand): Promise<HeartbeatAnswer>;
  /** The stream broke: the agent has a grace period. No-op unless the session is current. */
  closeStream(command: SessionCommand): Promise<void>;
  /**
   * The best pending task for an idle agent, leased; undefined when there is none, when the agent is marked, or when the best one needs the host quiet and it is not (the host is
   * then reserved for it). Repeated with the token of the agent's newest lease, it gives that lease, or undefined when it has ended. Throws
   * `stale-session`.
   */
  acquire(command: AcquireCommand): Promise<Acquired | undefined>;
  /** leased -> running. Throws `stale-token`. */
  accept(command: LeaseCommand): Promise<void>;
  /** leased -> pending: the agent would not take it. Spends an attempt number, not the retry budget. Throws `stale-token`. */
  reject(command: LeaseCommand & { readonly error: ErrorReport }): Promise<void>;
  /** Records an outcome once. A repeat of the recorded outcome is a success. Throws `stale-token` when the lease is not current. */
  complete(command: CompleteCommand): Promise<CompleteAnswer>;
  /**
   * Marks an agent so that it gets no more work, or removes its mark. Removing one closes the circuit breaker too. A mark that has an end is removed by
   * `expire`. Throws `not-found`.
   *
   * The circuit breaker: an accepted attempt that ends as an exception, as its agent reports or because the agent was lost, counts; one that completes
   * or fails sets the count to zero. At `BREAKER_FAILURES` the agent is marked `quarantined` by `grove`, unless it bears a mark already.
   */
  markAgent(command: MarkAgentCommand): Promise<void>;
  /**
   * Replaces the farm's scheduling policy. Weights count for tasks that become pending from then on; quotas for leases from then on: leases that exceed
   * a new one go on. A task whose lease would exceed a quota is passed over for others, at no cost in its order.
   */
  setPolicy(command: SetPolicyCommand): Promise<void>;
  /** Records what somebody says about a cell (see `curate`), whether the matrix has it or not. Answers everything that is said about it. */
  curateCell(command: CurateCellCommand): Promise<CellCuration>;
  /** Cancels what has not ended, and ends following the fleet. Running attempts are told to stop; a shared conversion goes only with its last job. */
  cancelJob(command: CancelCommand): Promise<CancelAnswer>;
  /**
   * Ends leases, unaccepted assignments and sessions that {@link due} listed, if they are unchanged since. The host of an unaccepted assignment, or of
   * an agent out of reach, stays taken until that agent's next hello or heartbeat without the lease, at most for the rest of the lease.
   */
  expire(command: ExpireCommand): Promise<ExpireAnswer>;

  // Queries
  /** What `expire` should look at: everything due at `now`, oldest first, at most `limit`. */
  due(now: EpochMs, limit: number): Promise<readonly DueItem[]>;
  job(jobId: JobId): Promise<JobRecord | undefined>;
  /** Newest first; `before` is a job id to continue after. */
  jobs(page: { readonly limit: number; readonly before?: JobId }): Promise<readonly JobRecord[]>;
  /** Those of these jobs that the store has, in their order. */
  knownJobs(jobIds: readonly JobId[]): Promise<readonly JobId[]>;
  /** Jobs that have not ended, oldest first. Costs what they are, whatever the farm has done before. */
  runningJobs(): Promise<readonly JobRecord[]>;
  /** Jobs that follow the fleet at `now`, ended or not, by the end of that. */
  followingJobs(now: EpochMs): Promise<readonly JobRecord[]>;
  task(taskId: TaskId): Promise<TaskRecord | undefined>;
  /**
   * As this job sees them, in the order they were added: a shared task it was cancelled out of is cancelled here, whatever it is for others. With
   * `page` only those of its states, from `offset` among them, at most `limit`: a sweep has thousands.
   */
  tasksOf(jobId: JobId, page?: TaskPage): Promise<readonly TaskRecord[]>;
  agents(): Promise<readonly AgentRecord[]>;
  agent(agentId: AgentId): Promise<AgentRecord | undefined>;
  policy(): Promise<SchedulingPolicy>;
  /** Leases that count against quotas now, by the keys of `leaseKeys`; those that are 0 may be absent. */
  leaseCounts(): Promise<Readonly<Record<string, number>>>;
  /** Requirements with pending tasks and how many, for dispatch and explain. */
  queues(): Promise<readonly QueueSummary[]>;
  /** Place of a pending task in its queue, 1 = next; undefined when it is not pending. */
  position(taskId: TaskId): Promise<number | undefined>;
  /** Every benchmark task that has ended or not, newest attempt's view, in the order they were added: all, or at most `limit` from `offset`. */
  benchmarks(page?: Pick<TaskPage, 'offset' | 'limit'>): Promise<readonly TaskRecord[]>;
  /** What people have said about cells, by cell id. */
  curations(): Promise<ReadonlyMap<string, CellCuration>>;
  /** Events after `afterSequence`, oldest first, at most `limit`. The store keeps the last 10,000. */
  eventsSince(afterSequence: number, limit: number): Promise<readonly StoreEvent[]>;
  /** Blobs of the artifact store in which this store keeps documents: as much in use as the documents themselves. */
  archives(): Promise<readonly string[]>;
  /** Calls back after each event has become durable. Returns the unsubscribe function. */
  subscribe(listener: (event: StoreEvent) => void): () => void;

  start(): Promise<void>;
  /** Flushes and releases. Idempotent. */
  stop(): Promise<void>;
}

/**
 * A task as a submit describes it; the store adds state, order and attempts. A task id that exists already makes the job one more waiter of that task,
 * whose priority is the highest of its waiters'. One that ended badly runs afresh, with attempt numbers that go on, unless an attempt found it
 * unsupported; earlier jobs keep the ending they saw. A benchmark that needs only a resolve stays waiting until a link gives it its conversion.
 */
export interface NewTask {
  /** Deterministic: conversions are `c-<conversion key>`, others `<jobId>-<ordinal>`. */
  readonly taskId: TaskId;
  readonly spec: TaskSpec;
  readonly requirement: Requirement;
  /** SHA-256 of the canonical requirement: the queue's name. */
  readonly requirementDigest: string;
  /**
   * Tasks that must be `completed` first. Already known ones may have ended. A benchmark that has needs but no `spec.conversionKey` yet stays waiting
   * even when they are met: its conversion is linked to it after the source is resolved.
   */
  readonly needs: readonly TaskId[];
  readonly retry: RetryPolicy;
  /** Ends the task at once, before any attempt: `failed/unsupported-pass` and the like. */
  readonly endedAs?: { readonly state: 'failed' | 'exception'; readonly error: ErrorReport };
}

export interface SubmitCommand {
  readonly now: EpochMs;
  readonly principal: Principal;
  readonly jobId: JobId;
  /** Same key and same digest: the earlier job is the answer. Same key, other digest: `idempotency-conflict`. */
  readonly idempotencyKey: string;
  readonly requestDigest: string;
  readonly spec: JobSpec;
  readonly priority: Priority;
  readonly tasks: readonly NewTask[];
}

export interface SubmitAnswer {
  readonly jobId: JobId;
  /** False when the idempotency key had been used for the same request. */
  readonly created: boolean;
}

export interface AddTasksCommand {
  readonly now: EpochMs;
  readonly principal: Principal;
  readonly jobId: JobId;
  readonly tasks: readonly NewTask[];
  /** Waiting tasks of this job that get further needs (a benchmark learns its conversion), with the specs that now name it. */
  readonly links: readonly { readonly taskId: TaskId; readonly needs: readonly TaskId[]; readonly spec: TaskSpec }[];
}

export interface HelloCommand {
  readonly now: EpochMs;
  readonly agentId: AgentId;
  readonly instanceId: string;
  readonly agentVersion: string;
  readonly coordinatorId: string;
  readonly host: HostInfo;
  readonly devices: readonly Device[];
  /** Profile digest per device name, computed by the caller. */
  readonly profileDigests: Readonly<Record<string, string>>;
  readonly missing: readonly Missing[];
  readonly status: AgentStatus;
  readonly heldLeases: readonly HeldLease[];
}

export interface HelloAnswer {
  /** Monotone over the whole farm; makes every earlier session of this agent stale. */
  readonly sessionId: SessionId;
  /**
   * One verdict per held lease. A lease the store still counts as this agent's continues (and counts as accepted); every other is abandoned. A lease the
   * agent does not hold although the store thinks so ends at once: as `not-accepted` when it had not been accepted (the assignment was lost), else as
   * `agent-lost`. A held lease whose job was cancelled is abandoned and its task ends as cancelled.
   */
  readonly verdicts: readonly LeaseVerdict[];
}

export interface SessionCommand {
  readonly now: EpochMs;
  readonly agentId: AgentId;
  readonly sessionId: SessionId;
}

export interface HeartbeatCommand extends SessionCommand {
  readonly status: AgentStatus;
  readonly deviceStates: Readonly<Record<string, DeviceState>>;
  readonly renewals: readonly LeaseRef[];
}

export interface HeartbeatAnswer {
  readonly verdicts: readonly LeaseVerdict[];
}

export interface AcquireCommand extends SessionCommand {
  /** 32 hex digits: the new lease's fencing token. */
  readonly token: string;
}

export interface Acquired {
  readonly assignment: Assignment;
  readonly leasedUntil: EpochMs;
}

export interface LeaseCommand {
  readonly now: EpochMs;
  readonly agentId: AgentId;
  readonly lease: LeaseRef;
}

export interface CompleteCommand extends LeaseCommand {
  readonly outcome: AttemptOutcome;
}

export interface CompleteAnswer {
  /** State of the task afterwards. */
  readonly state: TaskState;
  /** False when this outcome had been recorded before. */
  readonly recorded: boolean;
}

export interface MarkAgentCommand {
  readonly now: EpochMs;
  readonly principal: Principal;
  readonly agentId: AgentId;
  /** Null removes the mark. */
  readonly mark: Pick<AgentMark, 'kind' | 'reason' | 'fix' | 'until'> | null;
  /** Leaves a mark that does not end by itself as it is: what a person has decided. Default: replaces any. */
  readonly yields?: boolean;
}

export interface SetPolicyCommand {
  readonly now: EpochMs;
  readonly principal: Principal;
  readonly policy: SchedulingPolicy;
}

export interface CurateCellCommand {
  readonly now: EpochMs;
  readonly principal: Principal;
  readonly cellId: string;
  readonly change: CurationChange;
}

export interface CancelCommand {
  readonly now: EpochMs;
  readonly principal: Principal;
  readonly jobId: JobId;
}

export interface CancelAnswer {
  readonly cancelledTasks: readonly TaskId[];
  /** Attempts whose agents must be told. */
  readonly running: readonly { readonly agentId: AgentId; readonly taskId: TaskId; readonly attempt: number }[];
}

/**
 * Something whose time has come. `expire` acts only if the stored deadline still equals `deadline`: a renewal in between, or a drifted clock, cannot
 * cause a false expiry.
 */
export type DueItem =
  /** `timeout`: the attempt has run for its `ATTEMPT_LIMIT_MS` since it was accepted. */
  | { readonly kind: 'lease' | 'accept' | 'timeout'; readonly taskId: TaskId; readonly attempt: number; readonly deadline: EpochMs }
  /** Silence or a closed stream's grace is over. */
  | { readonly kind: 'session'; readonly agentId: AgentId; readonly sessionId: SessionId; readonly deadline: EpochMs }
  /**
   * The time of a job is over. What has not ended is stopped as a cancel does, and ends as `exception` with `deadline-exceeded`; the job takes nothing
   * more. A conversion that other jobs wait for goes on for them.
   */
  | { readonly kind: 'deadline'; readonly jobId: JobId; readonly deadline: EpochMs }
  /** A pending task no longer avoids a host. */
  | { readonly kind: 'avoid'; readonly taskId: TaskId; readonly deadline: EpochMs }
  /** An agent's mark is over. */
  | { readonly kind: 'mark'; readonly agentId: AgentId; readonly deadline: EpochMs }
  /** The ended lease of an agent that may still be at work, lost or late to accept: the host is free again. */
  | { readonly kind: 'host'; readonly hostId: HostId; readonly taskId: TaskId; readonly attempt: number; readonly deadline: EpochMs };

export interface ExpireCommand {
  readonly now: EpochMs;
  readonly items: readonly DueItem[];
}

export interface ExpireAnswer {
  /** Attempts that ended; their agents, if they live, must be told (revoke). */
  readonly ended: readonly { readonly agentId: AgentId; readonly taskId: TaskId; readonly attempt: number }[];
  /** Attempts of jobs whose time is over: their agents must be told to stop, as after a cancel. */
  readonly stopped: readonly { readonly agentId: AgentId; readonly taskId: TaskId; readonly attempt: number }[];
}

export interface AttemptRecord {
  readonly attempt: number;
  readonly agentId: AgentId;
  readonly hostId: HostId;
  readonly deviceName: string;
  readonly token: string;
  readonly leasedAt: EpochMs;
  readonly leasedUntil: EpochMs;
  /** Until accepted: when the assignment is offered again. */
  readonly acceptBy: EpochMs | null;
  readonly acceptedAt: EpochMs | null;
  readonly endedAt: EpochMs | null;
  /** Null while it lives. `error` of a completed attempt is null. */
  readonly ended: { readonly state: 'completed' | 'failed' | 'exception' | 'cancelled'; readonly error: ErrorReport | null } | null;
  /** The job was cancelled: the agent has been told, or will be at its next hello. */
  readonly cancelRequestedBy: string | null;
}

export interface TaskRecord {
  readonly taskId: TaskId;
  /** Jobs that wait for it: one, or several for a shared conversion. */
  readonly jobIds: readonly JobId[];
  readonly spec: TaskSpec;
  readonly requirement: Requirement;
  readonly requirementDigest: string;
  readonly needs: readonly TaskId[];
  readonly priority: Priority;
  readonly submitter: string;
  readonly state: TaskState;
  /** Why it ended, or the last attempt's exception while it is pending again. */
  readonly error: ErrorReport | null;
  readonly createdAt: EpochMs;
  readonly enqueuedAt: EpochMs | null;
  readonly endedAt: EpochMs | null;
  readonly attempts: readonly AttemptRecord[];
  readonly retry: RetryPolicy;
  /**
   * Of a pending task: where its accepted attempt ended as an exception. Until then only other hosts take it. Null for a task that names one device, and
   * while the farm knows a single host: nobody else could take it.
   */
  readonly avoid: { readonly hostId: HostId; readonly until: EpochMs } | null;
  readonly result: TaskResult | null;
}

export interface JobRecord {
  readonly jobId: JobId;
  readonly principal: Principal;
  readonly submittedAt: EpochMs;
  readonly endedAt: EpochMs | null;
  readonly spec: JobSpec;
  readonly priority: Priority;
  readonly taskIds: readonly TaskId[];
  readonly state: JobState;
  readonly counts: Readonly<Record<TaskState, number>>;
  /** Until then the job takes in devices that appear; null when it never did, or was cancelled. */
  readonly followsUntil: EpochMs | null;
}

export interface AgentRecord {
  readonly agentId: AgentId;
  readonly instanceId: string;
  readonly agentVersion: string;
  readonly sessionId: SessionId;
  readonly coordinatorId: string;
  readonly host: HostInfo;
  readonly devices: readonly Device[];
  readonly profileDigests: Readonly<Record<string, string>>;
  readonly missing: readonly Missing[];
  readonly status: AgentStatus;
  /** Why it gets no work whatever its status says; null: it may. */
  readonly mark: AgentMark | null;
  readonly breaker: Breaker;
  readonly deviceStates: Readonly<Record<string, DeviceState>>;
  /** `closing`: stream closed, within grace. `offline`: lost or gone. */
  readonly connection: 'connected' | 'closing' | 'offline';
  readonly lastSeenAt: EpochMs;
  readonly connectedAt: EpochMs;
  /** Leases it holds now. */
  readonly leases: readonly { readonly taskId: TaskId; readonly attempt: number; readonly deviceName: string }[];
}

/** A part of a job's tasks. How many there are in each state is in the job's `counts`. */
export interface TaskPage {
  readonly offset: number;
  readonly limit: number;
  /** Only tasks that are in one of these states for the job. Default: all. */
  readonly states?: readonly TaskState[];
}

export interface QueueSummary {
  readonly requirementDigest: string;
  readonly requirement: Requirement;
  readonly pending: number;
  /** The same, by priority. */
  readonly pendingBy: Readonly<Record<Priority, number>>;
  readonly oldestEnqueuedAt: EpochMs;
}

/** What changed, in the order it became durable. `sequence` grows by one. */
export type StoreEvent = { readonly sequence: number; readonly at: EpochMs } & (
  | { readonly type: 'job'; readonly jobId: JobId; readonly state: JobState; readonly counts: Readonly<Record<TaskState, number>> }
  | {
      readonly type: 'task';
      readonly taskId: TaskId;
      readonly jobIds: readonly JobId[];
      readonly state: TaskState;
      readonly attempt: number;
      readonly code: string | null;
    }
  /** A task became pending: agents that match this requirement should acquire. */
  | { readonly type: 'ready'; readonly requirementDigest: string }
  | {
      readonly type: 'agent';
      readonly agentId: AgentId;
      readonly connection: AgentRecord['connection'];
      readonly status: AgentStatus['state'];
      readonly mark: AgentMark['kind'] | null;
    }
  /** A quota that was used up has room again, or the policy is another: agents that found nothing may find something now. */
  | { readonly type: 'quota-free' }
  /** A host has more room than before (a lease or a reservation ended), or a task no longer avoids it: its agents should acquire. */
  | { readonly type: 'host-free'; readonly hostId: HostId }
);
