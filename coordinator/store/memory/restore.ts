import { CLOSED_BREAKER } from '../../../domain/agent-mark.ts';
import { ATTEMPT_LIMIT_MS } from '../../../domain/constants.ts';
import { isEnd } from '../../../domain/task-state.ts';
import { PRIORITIES } from '../order.ts';
import { sessionDeadline, watch, watchJob } from './deadlines.ts';
import { restore } from './queue.ts';
import { holdQuota } from './quotas.ts';
import { openQueue } from './routing.ts';
import type { SnapshotRecord, StoredQueue } from './snapshot.ts';
import { createState, indexJob, type State, type StoredAgent, type StoredHost, type StoredJob, type StoredTask, taskOf } from './state.ts';

/** Builds the state of a snapshot, with everything that is derived from it. */
export function restoreState(records: Iterable<SnapshotRecord>): State {
  const state = createState();
  for (const record of records) restoreRecord(state, record);
  for (const task of state.tasks.values()) deriveFromTask(state, task);
  for (const agent of state.agents.values()) {
    watchSession(state, agent);
    watchMark(state, agent);
  }
  for (const host of state.hosts.values()) watchHolds(state, host);
  for (const jobId of state.jobs.keys()) watchJob(state, jobId);
  return state;
}

function restoreRecord(state: State, { kind, value }: SnapshotRecord): void {
  switch (kind) {
    case 'counters':
      Object.assign(state.counters, value);
      break;
    case 'task':
      state.tasks.set(value.record.taskId, withLaterMembers(value));
      break;
    case 'job':
      restoreJob(state, value);
      state.jobOrder.push(value.record.jobId);
      break;
    case 'submit': {
      const { key, ...submit } = value;
      state.submits.set(key, submit);
      break;
    }
    case 'agent':
      state.agents.set(value.record.agentId, withMark(value));
      break;
    case 'host':
      state.hosts.set(value.hostId, value);
      break;
    case 'queue':
      restoreQueue(state, value);
      break;
    case 'waiters':
      state.waiters.set(value.need, new Set(value.taskIds));
      break;
    case 'policy':
      state.policy = value;
      break;
    case 'curation':
      state.curations.set(value.cellId, value.curation);
      break;
    case 'event':
      state.events.push(value);
  }
}

/** Written before jobs could follow the fleet, a record does not say until when. */
function restoreJob(state: State, value: StoredJob): void {
  const { followsUntil = null }: Partial<StoredJob['record']> = value.record;
  const job = { ...value, record: { ...value.record, followsUntil } };
  state.jobs.set(job.record.jobId, job);
  indexJob(state, job);
}

function restoreQueue(state: State, { requirementDigest, requirement, lanes, pending }: StoredQueue): void {
  const queue = openQueue(state, requirementDigest, requirement);
  for (const priority of PRIORITIES) {
    queue.lanes[priority].virtualTime = lanes[priority].virtualTime;
    for (const [submitter, finish] of Object.entries(lanes[priority].finishes)) queue.lanes[priority].finishes.set(submitter, finish);
  }
  for (const taskId of pending) {
    const { entry } = taskOf(state, taskId);
    if (entry !== null) restore(queue, entry);
  }
}

function deriveFromTask(state: State, { record, pool }: StoredTask): void {
  const { taskId } = record;
  if (record.spec.kind === 'benchmark') state.benchmarks.add(taskId);
  if (record.avoid !== null) watch(state, { kind: 'avoid', taskId }, record.avoid.until);
  const attempt = record.attempts.at(-1);
  if (isEnd(record.state) || attempt === undefined || attempt.ended !== null) return;
  holdQuota(state, taskId, pool);
  watch(state, { kind: 'lease', taskId, attempt: attempt.attempt }, attempt.leasedUntil);
  if (attempt.acceptedAt !== null)
    watch(state, { kind: 'timeout', taskId, attempt: attempt.attempt }, attempt.acceptedAt + ATTEMPT_LIMIT_MS[record.spec.kind]);
  if (attempt.acceptBy !== null) watch(state, { kind: 'accept', taskId, attempt: attempt.attempt }, attempt.acceptBy);
}

/**
 * Written before there were quotas, a task has no pool; before tasks could avoid a host, its record says nothing of it; before jobs had deadlines, only
 * somebody's cancel could stop it.
 */
function withLaterMembers({ cancelledBy = null, ...task }: StoredTask & { readonly cancelledBy?: string | null }): StoredTask {
  const { pool = null, stop = cancelledBy === null ? null : { by: cancelledBy, deadlineMs: null } }: Partial<StoredTask> = task;
  const { avoid = null }: Partial<StoredTask['record']> = task.record;
  return { ...task, pool, stop, record: { ...task.record, avoid } };
}

/** Written before agents could be marked, a record has neither mark nor breaker. */
function withMark(agent: StoredAgent): StoredAgent {
  const { mark = null, breaker = CLOSED_BREAKER }: Partial<StoredAgent['record']> = agent.record;
  return { ...agent, record: { ...agent.record, mark, breaker } };
}

function watchMark(state: State, { record: { agentId, mark } }: StoredAgent): void {
  if (mark?.until != null) watch(state, { kind: 'mark', agentId }, mark.until);
}

function watchSession(state: State, agent: StoredAgent): void {
  const deadline = sessionDeadline(agent);
  const { agentId, sessionId } = agent.record;
  if (deadline !== undefined) watch(state, { kind: 'session', agentId, sessionId }, deadline);
}

function watchHolds(state: State, { hostId, leases }: StoredHost): void {
  for (const { taskId, attempt, heldUntil } of leases) {
    if (heldUntil !== null) watch(state, { kind: 'host', hostId, taskId, attempt }, heldUntil);
  }
}
