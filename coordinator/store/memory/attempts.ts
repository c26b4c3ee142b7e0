import { ATTEMPT_LIMIT_MS } from '../../../domain/constants.ts';
import { type ErrorReport, GroveError } from '../../../domain/errors.ts';
import type { Sha256 } from '../../../domain/json.ts';
import type { AgentId, TaskId } from '../../../domain/names.ts';
import type { EpochMs } from '../../../domain/ports.ts';
import { nextAttempt } from '../../../domain/retry.ts';
import type { LeaseRef } from '../../../domain/task.ts';
import { AVOID_MS, MAX_UNACCEPTED_ATTEMPTS } from '../order.ts';
import type { AttemptRecord, TaskRecord } from '../task-store.ts';
import { watch } from './deadlines.ts';
import { hold, vacate } from './exclusivity.ts';
import { outcomeText, type Reported } from './outcome-text.ts';
import { releaseQuota } from './quotas.ts';
import { putAgent, putTask, type State, type StoredTask, taskOf } from './state.ts';
import { type Stop, stoppedAs } from './stop.ts';
import { move } from './tasks.ts';

/** An attempt and its task. */
export interface Held {
  readonly task: StoredTask;
  readonly attempt: AttemptRecord;
}

/** The attempt that a message is about, alive or ended. Throws `stale-token` unless agent, number and token are the ones the store gave out. */
export function attemptOf(state: State, agentId: AgentId, lease: LeaseRef): Held {
  const task = state.tasks.get(lease.taskId);
  const attempt = task?.record.attempts.find((one) => one.attempt === lease.attempt);
  if (task === undefined || attempt === undefined || attempt.token !== lease.token || attempt.agentId !== agentId) throw staleToken(lease);
  return { task, attempt };
}

export function staleToken({ taskId, attempt }: LeaseRef): GroveError {
  return new GroveError('stale-token', { taskId, attempt });
}

/** Whether the lease is the one in force. */
export function isLive(attempt: AttemptRecord): boolean {
  return attempt.ended === null;
}

/** The live attempt of a lease an agent names; undefined when it is not in force. */
export function liveAttemptOf(state: State, agentId: AgentId, lease: LeaseRef): Held | undefined {
  const task = state.tasks.get(lease.taskId);
  const attempt = task?.record.attempts.at(-1);
  if (task === undefined || attempt === undefined || !isLive(attempt)) return undefined;
  return attempt.attempt === lease.attempt && attempt.token === lease.token && attempt.agentId === agentId ? { task, attempt } : undefined;
}

/** The live attempt of a task. */
export function currentAttempt(state: State, taskId: TaskId): Held | undefined {
  const task = state.tasks.get(taskId);
  const attempt = task?.record.attempts.at(-1);
  return task === undefined || attempt === undefined || !isLive(attempt) ? undefined : { task, attempt };
}

/** Replaces a task's last attempt. */
export function patchAttempt(state: State, taskId: TaskId, patch: Partial<AttemptRecord>): void {
  const task = taskOf(state, taskId);
  const attempts = task.record.attempts.map((attempt, index, all) => (index === all.length - 1 ? { ...attempt, ...patch } : attempt));
  putTask(state, { ...task, record: { ...task.record, attempts } });
}

/** leased -> running. */
export function acceptAttempt(state: State, taskId: TaskId, now: EpochMs): void {
  patchAttempt(state, taskId, { acceptedAt: now, acceptBy: null });
  const { spec, attempts } = taskOf(state, taskId).record;
  const attempt = attempts.at(-1)?.attempt ?? 0;
  watch(state, { kind: 'timeout', taskId, attempt }, now + ATTEMPT_LIMIT_MS[spec.kind]);
  move(state, taskId, { to: 'running', now });
}

/**
 * By which a repeated report is recognised. Over plain JSON: an agent resends the bytes it keeps, and the canonical JSON of a large result was the
 * largest part of the time that a completion took.
 */
export function outcomeDigest(outcome: Reported, sha256: Sha256): string {
  return sha256(outcomeText(outcome));
}

/** How an attempt ends. */
export interface Ending {
  readonly now: EpochMs;
  readonly ended: NonNullable<AttemptRecord['ended']>;
  /** Digest of what the agent reported, to recognise a repeat. */
  readonly outcome?: string;
  /** The agent completed without its acceptance having arrived. */
  readonly accepted?: boolean;
  /** Nobody can tell the agent to stop: its host stays taken for the rest of the lease. */
  readonly outOfReach?: boolean;
}

/** Ends the live attempt of a task and its lease. What becomes of the task is the caller's next step. */
export function endAttempt(state: State, taskId: TaskId, ending: Ending): void {
  const task = taskOf(state, taskId);
  const attempt = task.record.attempts.at(-1);
  if (attempt === undefined) throw new Error(`task ${taskId} has no attempt to end`);
  const acceptedAt = attempt.acceptedAt ?? (ending.accepted === true ? ending.now : null);
  patchAttempt(state, taskId, { acceptedAt, acceptBy: null, endedAt: ending.now, ended: ending.ended });
  if (ending.outcome !== undefined) {
    putTask(state, { ...taskOf(state, taskId), outcomes: { ...task.outcomes, [attempt.attempt]: ending.outcome } });
  }
  releaseQuota(state, taskId);
  removeLease(state, attempt, taskId);
  const occupation = { hostId: attempt.hostId, taskId, attempt: attempt.attempt };
  if (ending.outOfReach === true && attempt.leasedUntil > ending.now) hold(state, occupation, attempt.leasedUntil);
  else vacate(state, occupation);
}

function removeLease(state: State, { agentId, attempt }: AttemptRecord, taskId: TaskId): void {
  const agent = state.agents.get(agentId);
  if (agent === undefined) return;
  const leases = agent.record.leases.filter((lease) => lease.taskId !== taskId || lease.attempt !== attempt);
  putAgent(state, { ...agent, record: { ...agent.record, leases } });
}

/** The attempt ended as an exception or was taken away: the task goes back to its queue, unless it was stopped or its retries are spent. */
export function retryOrEnd(state: State, taskId: TaskId, ended: { readonly error: ErrorReport; readonly now: EpochMs }): void {
  const { error, now } = ended;
  const { record, stop } = taskOf(state, taskId);
  if (stop !== null) {
    endStopped(state, taskId, { stop, now });
    return;
  }
  const accepted = record.attempts.filter((attempt) => attempt.acceptedAt !== null && attempt.ended?.state !== 'cancelled').length;
  const wasAccepted = record.attempts.at(-1)?.acceptedAt !== null;
  const again = wasAccepted ? nextAttempt(record.retry, { acceptedAttempts: accepted, error }).retry : mayOfferAgain(record.attempts);
  const avoid = again ? avoidedAfter(state, record, now) : null;
  move(state, taskId, { to: again ? 'pending' : 'exception', now, patch: { error, avoid } });
  if (avoid !== null) watch(state, { kind: 'avoid', taskId }, avoid.until);
}

/** The host of an accepted attempt that ended as an exception, unless nobody else could take the task. */
function avoidedAfter(state: State, { attempts, requirement }: TaskRecord, now: EpochMs): TaskRecord['avoid'] {
  const last = attempts.at(-1);
  if (last === undefined || last.acceptedAt === null || last.ended?.state !== 'exception') return null;
  return requirement.unit !== undefined || state.hosts.size < 2 ? null : { hostId: last.hostId, until: now + AVOID_MS };
}

function mayOfferAgain(attempts: readonly AttemptRecord[]): boolean {
  return attempts.filter((attempt) => attempt.acceptedAt === null).length < MAX_UNACCEPTED_ATTEMPTS;
}

export function endStopped(state: State, taskId: TaskId, { stop, now }: { readonly stop: Stop; readonly now: EpochMs }): void {
  const { state: to, error } = stoppedAs(stop);
  move(state, taskId, { to, now, patch: { error } });
}
