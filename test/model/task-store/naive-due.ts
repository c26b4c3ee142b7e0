import type { DueItem } from '../../../coordinator/store/task-store.ts';
import { ATTEMPT_LIMIT_MS, SILENCE_MS, STREAM_GRACE_MS } from '../../../domain/constants.ts';
import type { NaiveAgent, NaiveHold, NaiveTask } from './naive-records.ts';

interface NaiveLists {
  readonly tasks: readonly NaiveTask[];
  readonly agents: readonly NaiveAgent[];
  readonly holds: readonly NaiveHold[];
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
