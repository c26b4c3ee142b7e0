import type { DueItem } from '../../../coordinator/store/task-store.ts';
import { ATTEMPT_LIMIT_MS, SILENCE_MS, STREAM_GRACE_MS } from '../../../domain/constants.ts';
import { ENDS, type NaiveAgent, type NaiveHold, type NaiveJob, type NaiveTask } from './naive-records.ts';

interface NaiveLists {
  readonly jobs: readonly NaiveJob[];
  readonly tasks: readonly NaiveTask[];
  readonly agents: readonly NaiveAgent[];
  readonly holds: readonly NaiveHold[];
}

function isOpen({ tasks }: NaiveLists, { cancelled, followsUntil, taskIds, parted }: NaiveJob): boolean {
  const own = tasks.filter(({ taskId }) => taskIds.includes(taskId) && !parted.has(taskId));
  return !cancelled && (followsUntil !== null || own.some(({ state }) => !ENDS.includes(state)));
}

/** Everything due at `now`, oldest first. */
export function dueOf(farm: NaiveLists, now: number): readonly DueItem[] {
  const items: DueItem[] = [];
  for (const { taskId, state, attempts, origin } of farm.tasks) {
    const attempt = attempts.at(-1);
    if (attempt === undefined || (state !== 'leased' && state !== 'running')) continue;
    items.push({ kind: 'lease', taskId, attempt: attempt.number, deadline: attempt.leasedUntil });
    if (attempt.acceptedAt !== null)
      items.push({ kind: 'timeout', taskId, attempt: attempt.number, deadline: attempt.acceptedAt + ATTEMPT_LIMIT_MS[origin.spec.kind] });
    if (attempt.acceptBy !== null) items.push({ kind: 'accept', taskId, attempt: attempt.number, deadline: attempt.acceptBy });
  }
  for (const job of farm.jobs)
    if (job.deadlineMs !== null && isOpen(farm, job))
      items.push({ kind: 'deadline', jobId: job.jobId, deadline: job.submittedAt + job.deadlineMs });
  for (const { taskId, avoid } of farm.tasks) if (avoid !== null) items.push({ kind: 'avoid', taskId, deadline: avoid.until });
  for (const { hello, sessionId, connection, seenAt, closedAt } of farm.agents) {
    const silent = seenAt + SILENCE_MS;
    const deadline = connection === 'connected' ? silent : Math.min(silent, closedAt + STREAM_GRACE_MS);
    if (connection !== 'offline') items.push({ kind: 'session', agentId: hello.agentId, sessionId, deadline });
  }
  for (const { hello, mark } of farm.agents)
    if (mark !== null && mark.until !== null) items.push({ kind: 'mark', agentId: hello.agentId, deadline: mark.until });
  for (const { hostId, taskId, attempt, until } of farm.holds) items.push({ kind: 'host', hostId, taskId, attempt, deadline: until });
  return items.filter(({ deadline }) => deadline <= now).sort((a, b) => a.deadline - b.deadline);
}
