import { ATTEMPT_LIMIT_MS } from '../../../../domain/constants.ts';
import { GroveError } from '../../../../domain/errors.ts';
import { DEADLINE_NAME } from '../../../../domain/job.ts';
import type { JobId, TaskId } from '../../../../domain/names.ts';
import type { EpochMs } from '../../../../domain/ports.ts';
import type { DueItem, ExpireAnswer, ExpireCommand, TaskRecord } from '../../task-store.ts';
import { updateAgent } from '../agents.ts';
import { currentAttempt, endAttempt, type Held, retryOrEnd } from '../attempts.ts';
import { deadlineOf } from '../deadlines.ts';
import { reviewReservation, roomOf, vacate } from '../exclusivity.ts';
import { countFailure, removeMark } from '../marks.ts';
import { hostOf, jobOf, putTask, type State, taskOf } from '../state.ts';
import { stopJob, stoppedAttempts } from '../stop-job.ts';

type Ended = ExpireAnswer['ended'][number];

/** What becomes of an attempt when its deadline of a kind is over. */
const CODES = { lease: 'agent-lost', accept: 'not-accepted', timeout: 'attempt-timeout' } as const;
type EndCode = (typeof CODES)[keyof typeof CODES];

/** Ends what is due and unchanged since it was listed. */
export function expire(state: State, { items, now }: ExpireCommand): ExpireAnswer {
  const ended: Ended[] = [];
  const stopped: Ended[] = [];
  for (const item of items) {
    const { deadline, ...what } = item;
    if (deadline > now || deadlineOf(state, what) !== deadline) continue;
    const attempts = expireItem(state, item, now);
    if (item.kind === 'deadline') stopped.push(...attempts);
    else ended.push(...attempts);
  }
  return { ended, stopped };
}

function exceedDeadline(state: State, jobId: JobId, now: EpochMs): readonly Ended[] {
  const { deadlineMs = 0 } = jobOf(state, jobId).record.spec;
  stopJob(state, jobId, { stop: { by: DEADLINE_NAME, deadlineMs }, now });
  return stoppedAttempts(state, jobOf(state, jobId));
}

/** Attempts that it ends; those that have to be stopped for a deadline. */
function expireItem(state: State, item: DueItem, now: EpochMs): readonly Ended[] {
  switch (item.kind) {
    case 'deadline':
      return exceedDeadline(state, item.jobId, now);
    case 'host':
      vacate(state, item);
      return [];
    case 'avoid':
      stopAvoiding(state, item.taskId);
      return [];
    case 'mark':
      removeMark(state, item.agentId);
      return [];
    case 'session':
      return endSession(state, item.agentId, now);
    case 'accept':
    case 'lease':
    case 'timeout': {
      const held = currentAttempt(state, item.taskId);
      return held === undefined ? [] : [takeAway(state, held, { now, code: CODES[item.kind] })];
    }
  }
}

function stopAvoiding(state: State, taskId: TaskId): void {
  const task = taskOf(state, taskId);
  const { avoid } = task.record;
  if (avoid === null) return;
  putTask(state, { ...task, record: { ...task.record, avoid: null } });
  if (roomOf(hostOf(state, avoid.hostId)) !== 'full') state.effects.freed.add(avoid.hostId);
}

function endSession(state: State, agentId: string, now: EpochMs): readonly Ended[] {
  const agent = state.agents.get(agentId);
  if (agent === undefined) return [];
  updateAgent(state, { ...agent, record: { ...agent.record, connection: 'offline' }, closedAt: null });
  const ended = agent.record.leases.flatMap(({ taskId }) => {
    const held = currentAttempt(state, taskId);
    return held === undefined ? [] : [takeAway(state, held, { now, code: 'agent-lost' })];
  });
  reviewReservation(state, agent.record.host.hostId);
  return ended;
}

function errorOf(code: EndCode, { task, attempt }: Held): GroveError {
  if (code === 'agent-lost') return new GroveError(code, { agentId: attempt.agentId });
  return code === 'attempt-timeout' ? attemptTimeout(task.record) : new GroveError(code, {});
}

function attemptTimeout({ spec }: TaskRecord): GroveError {
  return new GroveError('attempt-timeout', { limitMs: ATTEMPT_LIMIT_MS[spec.kind] });
}

/**
 * Ends an attempt without its agent's word. One that was never accepted may be at work all the same, its acceptance late: its host stays taken until
 * the agent says hello or sends a heartbeat that does not list the lease, at most for the rest of the lease. So does the host of an agent that cannot be
 * told, or that works longer than it may. A connected agent that let a lease run out does not list it any more: its host is free at once.
 */
function takeAway(state: State, { task, attempt }: Held, { now, code }: { readonly now: EpochMs; readonly code: EndCode }): Ended {
  const { agentId } = attempt;
  const { taskId } = task.record;
  const error = errorOf(code, { task, attempt }).toReport();
  const outOfReach = code !== 'agent-lost' || state.agents.get(agentId)?.record.connection !== 'connected';
  endAttempt(state, taskId, { now, ended: { state: 'exception', error }, outOfReach });
  if (attempt.acceptedAt !== null) countFailure(state, agentId, { error, now });
  retryOrEnd(state, taskId, { error, now });
  return { agentId, taskId, attempt: attempt.attempt };
}
