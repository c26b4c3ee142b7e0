import { ATTEMPT_LIMIT_MS, SILENCE_MS, STREAM_GRACE_MS } from '../../../domain/constants.ts';
import { deadlineEnd } from '../../../domain/job.ts';
import type { JobId, TaskId } from '../../../domain/names.ts';
import type { EpochMs } from '../../../domain/ports.ts';
import type { DueItem } from '../task-store.ts';
import { isOpen } from './jobs.ts';
import { type State, type StoredAgent, taskOf, type Watched } from './state.ts';

/**
 * Watches something until its deadline. A deadline that moves later, as every renewal does, costs nothing: the alarm is moved when it rings. One that
 * moves earlier gets a second alarm.
 */
export function watch(state: State, what: Watched, at: EpochMs): void {
  state.alarms.push({ at, what });
}

/** Watches the deadline of a job, if it has one; also after it has come to life again. */
export function watchJob(state: State, jobId: JobId): void {
  const deadline = deadlineOf(state, { kind: 'deadline', jobId });
  if (deadline !== undefined) watch(state, { kind: 'deadline', jobId }, deadline);
}

/** Everything due at `now`, oldest first and equally old ones by name. Looks only at alarms that have rung. */
export function dueItems(state: State, now: EpochMs, limit: number): readonly DueItem[] {
  const { alarms } = state;
  const due = new Map<string, DueItem>();
  for (;;) {
    const alarm = alarms.peek();
    if (alarm === undefined || alarm.at > now || due.size >= limit) break;
    alarms.pop();
    const deadline = deadlineOf(state, alarm.what);
    if (deadline === undefined) continue;
    if (deadline > alarm.at) alarms.push({ at: deadline, what: alarm.what });
    else due.set(keyOf(alarm.what), { ...alarm.what, deadline });
  }
  for (const { deadline, ...what } of due.values()) alarms.push({ at: deadline, what });
  return [...due].sort(([a, first], [b, second]) => first.deadline - second.deadline || (a < b ? -1 : 1)).map(([, item]) => item);
}

function keyOf(what: Watched): string {
  return JSON.stringify(what);
}

/** The deadline in force; undefined when there is none any more. */
export function deadlineOf(state: State, what: Watched): EpochMs | undefined {
  switch (what.kind) {
    case 'lease':
      return liveAttempt(state, what)?.leasedUntil;
    case 'accept':
      return liveAttempt(state, what)?.acceptBy ?? undefined;
    case 'timeout':
      return timeoutOf(state, what);
    case 'session': {
      const agent = state.agents.get(what.agentId);
      return agent?.record.sessionId === what.sessionId ? sessionDeadline(agent) : undefined;
    }
    case 'deadline': {
      const job = state.jobs.get(what.jobId);
      return job !== undefined && isOpen(job) ? (deadlineEnd(job.record) ?? undefined) : undefined;
    }
    case 'avoid':
      return state.tasks.get(what.taskId)?.record.avoid?.until;
    case 'mark':
      return state.agents.get(what.agentId)?.record.mark?.until ?? undefined;
    case 'host': {
      const held = state.hosts.get(what.hostId)?.leases.find((lease) => lease.taskId === what.taskId && lease.attempt === what.attempt);
      return held?.heldUntil ?? undefined;
    }
  }
}

function timeoutOf(state: State, what: { readonly taskId: TaskId; readonly attempt: number }): EpochMs | undefined {
  const acceptedAt = liveAttempt(state, what)?.acceptedAt ?? null;
  return acceptedAt === null ? undefined : acceptedAt + ATTEMPT_LIMIT_MS[taskOf(state, what.taskId).record.spec.kind];
}

function liveAttempt(state: State, what: { readonly taskId: TaskId; readonly attempt: number }) {
  const attempt = state.tasks.get(what.taskId)?.record.attempts.at(-1);
  return attempt?.attempt === what.attempt && attempt.ended === null ? attempt : undefined;
}

/**
 * When a session ends by silence or by its stream's grace, whichever comes first: the stream of a frozen machine is found dead shortly before its silence
 * is over, which must not prolong it. Undefined when it has ended.
 */
export function sessionDeadline({ record, closedAt }: StoredAgent): EpochMs | undefined {
  if (record.connection === 'offline') return undefined;
  const silent = record.lastSeenAt + SILENCE_MS;
  return closedAt === null ? silent : Math.min(silent, closedAt + STREAM_GRACE_MS);
}
