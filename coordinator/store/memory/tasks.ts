import { type ErrorReport, GroveError } from '../../../domain/errors.ts';
import type { Priority, TaskId } from '../../../domain/names.ts';
import { weightOf } from '../../../domain/policy.ts';
import type { EpochMs } from '../../../domain/ports.ts';
import { assertTransition, isEnd, type TaskState } from '../../../domain/task-state.ts';
import type { TaskRecord } from '../task-store.ts';
import { releaseReservation } from './exclusivity.ts';
import { countTask } from './jobs.ts';
import { dequeue, enqueue } from './queue.ts';
import { closeQueueIfEmpty, openQueue } from './routing.ts';
import { putTask, type State, type StoredTask, taskOf } from './state.ts';

/** Codes that say "nobody can do this", which trying again does not change: remembered for a conversion, and passed on to what needs it. */
const UNSUPPORTED: ReadonlySet<string> = new Set(['unsupported-pass', 'unsupported-input', 'unsupported-data']);

export function isUnsupported(error: ErrorReport | null): boolean {
  return error !== null && UNSUPPORTED.has(error.code);
}

/** A change of state with what changes beside it. */
export interface Move {
  readonly to: TaskState;
  readonly now: EpochMs;
  readonly patch?: Partial<Pick<TaskRecord, 'error' | 'result' | 'attempts' | 'avoid'>>;
}

/** The one way a task changes its state: gate, queue, counts, event, and the tasks that wait for it. */
export function move(state: State, taskId: TaskId, { to, now, patch }: Move): StoredTask {
  const task = taskOf(state, taskId);
  const from = task.record.state;
  assertTransition(taskId, from, to);
  if (from === 'pending') leavePending(state, task, to === 'leased');
  const endedAt = isEnd(to) ? now : null;
  putTask(state, { ...taskOf(state, taskId), record: { ...task.record, avoid: null, ...patch, state: to, endedAt } });
  countTask(state, task.record.jobIds, { from, to, now });
  if (to === 'pending') enterPending(state, taskId, now);
  announce(state, taskId);
  if (isEnd(to)) tellWaiters(state, taskId, now);
  return taskOf(state, taskId);
}

/** Tells that a task is in the state it is in. */
export function announce(state: State, taskId: TaskId): void {
  const { record, attemptBase } = taskOf(state, taskId);
  const attempt = record.attempts.at(-1)?.attempt ?? attemptBase;
  const { jobIds, error } = record;
  state.effects.drafts.push({ type: 'task', taskId, jobIds, state: record.state, attempt, code: error?.code ?? null });
}

function enterPending(state: State, taskId: TaskId, now: EpochMs): void {
  const task = taskOf(state, taskId);
  const { priority, submitter, requirementDigest, requirement } = task.record;
  const enqueuedAt = task.record.enqueuedAt ?? now;
  const returning = task.entry !== null;
  if (!returning) state.counters.enqueue += 1;
  const sequence = task.entry?.sequence ?? state.counters.enqueue;
  const queue = openQueue(state, requirementDigest, requirement);
  const entry = enqueue(queue, { taskId, priority, submitter, sequence, enqueuedAt, returning, weight: weightOf(state.policy, submitter) });
  putTask(state, { ...task, entry, record: { ...task.record, enqueuedAt } });
  state.effects.ready.add(requirementDigest);
}

function leavePending(state: State, task: StoredTask, served: boolean): void {
  const queue = state.queues.get(task.record.requirementDigest);
  if (queue === undefined || task.entry === null) throw new Error(`pending task ${task.record.taskId} is in no queue`);
  dequeue(queue, task.entry, served);
  closeQueueIfEmpty(state, queue);
  if (task.reservedHost !== null) releaseReservation(state, task.reservedHost);
}

/** Moves a task to another lane when its waiters' highest priority has changed. */
export function changePriority(state: State, taskId: TaskId, priority: Priority): void {
  const task = taskOf(state, taskId);
  if (task.record.priority === priority) return;
  const changed = putTask(state, { ...task, record: { ...task.record, priority } });
  const queue = state.queues.get(task.record.requirementDigest);
  if (task.record.state !== 'pending' || queue === undefined || task.entry === null) return;
  const { sequence, submitter, enqueuedAt } = task.entry;
  dequeue(queue, task.entry, false);
  const arrival = { taskId, priority, submitter, sequence, enqueuedAt, returning: false, weight: weightOf(state.policy, submitter) };
  putTask(state, { ...changed, entry: enqueue(queue, arrival) });
}

/** Registers a waiting task with the needs that have not ended. */
export function awaitNeeds(state: State, task: StoredTask): void {
  for (const need of task.record.needs) {
    if (isEnd(taskOf(state, need).record.state)) continue;
    const waiting = state.waiters.get(need) ?? new Set();
    state.waiters.set(need, waiting.add(task.record.taskId));
  }
}

function tellWaiters(state: State, needId: TaskId, now: EpochMs): void {
  const waiting = state.waiters.get(needId) ?? [];
  state.waiters.delete(needId);
  for (const taskId of waiting) settleWaiting(state, taskId, now);
}

/** Moves a waiting task on if its needs decide it: all completed, or one ended badly. */
export function settleWaiting(state: State, taskId: TaskId, now: EpochMs): void {
  const { record } = taskOf(state, taskId);
  if (record.state !== 'waiting') return;
  const needs = record.needs.map((need) => taskOf(state, need).record);
  const bad = needs.find((need) => isEnd(need.state) && need.state !== 'completed');
  if (bad !== undefined) move(state, taskId, { to: 'failed', now, patch: { error: inheritedError(bad) } });
  else if (isRunnable(record, needs)) move(state, taskId, { to: 'pending', now });
}

/**
 * A benchmark that needs only a resolve stays waiting: it learns its conversion from a later `addTasks` link. Without needs it brings its model along.
 */
function isRunnable(record: TaskRecord, needs: readonly TaskRecord[]): boolean {
  if (!needs.every((need) => need.state === 'completed')) return false;
  return record.spec.kind !== 'benchmark' || needs.length === 0 || needs.some((need) => need.spec.kind === 'convert');
}

function inheritedError(need: TaskRecord): ErrorReport {
  if (need.error !== null && isUnsupported(need.error)) return need.error;
  return new GroveError('source-failed', { taskId: need.taskId, ended: need.state }).toReport();
}
