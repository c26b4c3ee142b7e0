import { GroveError } from '../../../domain/errors.ts';
import type { JobId, TaskId } from '../../../domain/names.ts';
import type { EpochMs } from '../../../domain/ports.ts';
import { isEnd } from '../../../domain/task-state.ts';
import { higherPriority } from '../order.ts';
import type { NewTask, TaskRecord } from '../task-store.ts';
import { countTask, detach } from './jobs.ts';
import { jobOf, putJob, putTask, type State, type StoredTask, taskOf } from './state.ts';
import { type Stop, stoppedAs } from './stop.ts';
import { announce, awaitNeeds, changePriority, isUnsupported, move, settleWaiting } from './tasks.ts';

/** Throws `invalid-request` for a need nobody knows, or needs that wait for each other. */
export function checkNewTasks(state: State, tasks: readonly NewTask[]): void {
  const fresh = new Map(tasks.map((task) => [task.taskId, task]));
  for (const { taskId, needs } of tasks) checkNeeds(state, { taskId, needs }, fresh);
  checkNoCycle(fresh);
}

export function checkNeeds(state: State, { taskId, needs }: Pick<NewTask, 'taskId' | 'needs'>, fresh: ReadonlyMap<TaskId, NewTask>): void {
  const unknown = needs.find((need) => need === taskId || !(fresh.has(need) || state.tasks.has(need)));
  if (unknown !== undefined) throw invalid(`task ${taskId} needs ${unknown}, which does not exist or is itself`);
}

function checkNoCycle(fresh: ReadonlyMap<TaskId, NewTask>): void {
  const done = new Set<TaskId>();
  const visit = (taskId: TaskId, above: ReadonlySet<TaskId>): void => {
    if (above.has(taskId)) throw invalid(`task ${taskId} waits for itself`);
    const needs = done.has(taskId) ? undefined : fresh.get(taskId)?.needs;
    for (const need of needs ?? []) visit(need, new Set([...above, taskId]));
    done.add(taskId);
  };
  for (const taskId of fresh.keys()) visit(taskId, new Set());
}

function invalid(problem: string): GroveError {
  return new GroveError('invalid-request', { problem });
}

/** What the tasks of a submit or addTasks have in common. */
interface Addition {
  readonly now: EpochMs;
  readonly jobId: JobId;
  readonly tasks: readonly NewTask[];
}

/** Adds tasks to a job: new ones, references to known ones, and new generations of those that ended badly. All checks have passed. */
export function addTasksToJob(state: State, addition: Addition): void {
  const { jobId, now } = addition;
  const tasks = notYetListed(jobOf(state, jobId).record.taskIds, addition.tasks);
  if (tasks.length === 0) return;
  listTasks(state, jobId, tasks);
  const created = tasks.filter((task) => !referTo(state, jobId, { task, now }));
  for (const task of created) createTask(state, jobId, { task, now });
  for (const { taskId } of created) awaitNeeds(state, taskOf(state, taskId));
  for (const task of created) startTask(state, task, now);
}

/** Each task once: two recipes of a job may share a conversion, and a repeated command names what the job has already. */
function notYetListed(listed: readonly TaskId[], tasks: readonly NewTask[]): readonly NewTask[] {
  const known = new Set(listed);
  return tasks.filter(({ taskId }) => !known.has(taskId) && known.add(taskId));
}

function listTasks(state: State, jobId: JobId, tasks: readonly NewTask[]): void {
  const job = jobOf(state, jobId);
  const taskIds = [...job.record.taskIds, ...tasks.map(({ taskId }) => taskId)];
  putJob(state, { ...job, record: { ...job.record, taskIds } });
}

interface OneTask {
  readonly task: NewTask;
  readonly now: EpochMs;
}

/** Makes the job follow a task that exists already. False when it does not, or has to run afresh. */
function referTo(state: State, jobId: JobId, { task, now }: OneTask): boolean {
  const existing = state.tasks.get(task.taskId);
  if (existing === undefined || mustRunAfresh(existing.record)) return false;
  if (isEnd(existing.record.state)) {
    countTask(state, [jobId], { from: null, to: existing.record.state, now });
    return true;
  }
  if (existing.stop !== null) revive(state, existing, { stop: existing.stop, now });
  const current = taskOf(state, task.taskId);
  putTask(state, { ...current, record: { ...current.record, jobIds: [...current.record.jobIds, jobId] } });
  changePriority(state, task.taskId, priorityFor(state, jobId, current.record));
  countTask(state, [jobId], { from: null, to: current.record.state, now });
  return true;
}

/** A bad ending is not handed to later jobs, except an attempt's finding that the engine cannot do it. */
function mustRunAfresh({ state, error, attempts }: TaskRecord): boolean {
  if (!isEnd(state) || state === 'completed') return false;
  return !(isUnsupported(error) && attempts.length > 0);
}

function priorityFor(state: State, jobId: JobId, record: TaskRecord) {
  const { priority } = jobOf(state, jobId).record;
  return record.jobIds.length === 0 ? priority : higherPriority(priority, record.priority);
}

/** A stopped conversion whose attempt still lives gets a new waiter: those who stopped it see it end so, and it goes on. */
function revive(state: State, task: StoredTask, { stop, now }: StopNow): void {
  for (const jobId of task.record.jobIds) leaveStopped(state, jobId, { task: task.record, stop, now });
  putTask(state, { ...task, stop: null, record: { ...task.record, jobIds: [] } });
}

interface StopNow {
  readonly stop: Stop;
  readonly now: EpochMs;
}

/** From this job's view the task has ended as it was stopped, whatever becomes of it. */
export function leaveStopped(state: State, jobId: JobId, { task, stop, now }: StopNow & { readonly task: TaskRecord }): void {
  const end = stoppedAs(stop);
  detach(state, jobId, { ...task, ...end, jobIds: [jobId], avoid: null, endedAt: now });
  countTask(state, [jobId], { from: task.state, to: end.state, now });
}

function createTask(state: State, jobId: JobId, { task, now }: OneTask): void {
  const { taskId, spec, requirement, requirementDigest, needs, retry } = task;
  const earlier = state.tasks.get(taskId);
  for (const formerJobId of earlier?.record.jobIds ?? [])
    detach(state, formerJobId, { ...taskOf(state, taskId).record, jobIds: [formerJobId] });
  const { priority, principal } = jobOf(state, jobId).record;
  const shape = { taskId, spec, requirement, requirementDigest, needs, retry, priority, submitter: principal.name, jobIds: [jobId] };
  const record: TaskRecord = {
    ...shape,
    state: 'waiting',
    error: null,
    createdAt: now,
    enqueuedAt: null,
    endedAt: null,
    attempts: [],
    avoid: null,
    result: null,
  };
  const attemptBase = earlier === undefined ? 0 : earlier.attemptBase + earlier.record.attempts.length;
  putTask(state, { record, entry: null, attemptBase, stop: null, outcomes: {}, pool: null, reservedHost: null });
  if (spec.kind === 'benchmark') state.benchmarks.add(taskId);
  countTask(state, [jobId], { from: null, to: 'waiting', now });
}

function startTask(state: State, { taskId, endedAs }: NewTask, now: EpochMs): void {
  // A need handled before this one may have decided it already.
  if (taskOf(state, taskId).record.state !== 'waiting') return;
  if (endedAs !== undefined) move(state, taskId, { to: endedAs.state, now, patch: { error: endedAs.error } });
  else settleWaiting(state, taskId, now);
  if (taskOf(state, taskId).record.state === 'waiting') announce(state, taskId);
}
