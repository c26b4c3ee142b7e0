import { GroveError } from '../../../../domain/errors.ts';
import type { JobId, Priority, TaskId } from '../../../../domain/names.ts';
import { isEnd } from '../../../../domain/task-state.ts';
import { higherPriority } from '../../order.ts';
import type { CancelAnswer, CancelCommand, TaskRecord } from '../../task-store.ts';
import { currentAttempt, endCancelled, patchAttempt } from '../attempts.ts';
import { viewOf } from '../jobs.ts';
import { leaveCancelled } from '../new-tasks.ts';
import { jobOf, putJob, putTask, type State, type StoredJob, taskOf } from '../state.ts';
import { changePriority } from '../tasks.ts';

/** Cancels what has not ended. A repeat changes nothing and gives the same answer. */
export function cancelJob(state: State, { jobId, principal, now }: CancelCommand): CancelAnswer {
  const job = state.jobs.get(jobId);
  if (job === undefined) throw new GroveError('not-found', { kind: 'job', id: jobId });
  const isOpen = job.record.endedAt === null || job.record.followsUntil !== null;
  if (isOpen && job.cancelledBy === null) {
    putJob(state, { ...job, cancelledBy: principal.name, record: { ...job.record, followsUntil: null } });
    if (job.record.followsUntil !== null) state.effects.jobs.add(jobId);
    const context = { jobId, by: principal.name, now };
    // Tasks that wait go first, so that none ends as failed because its need was cancelled a moment earlier.
    const [waiting, others] = partition(job.record.taskIds, (taskId) => taskOf(state, taskId).record.state === 'waiting');
    for (const taskId of [...waiting, ...others]) cancelTask(state, taskId, context);
  }
  return answerFor(state, jobOf(state, jobId));
}

function partition<T>(items: readonly T[], test: (item: T) => boolean): readonly [readonly T[], readonly T[]] {
  return [items.filter(test), items.filter((item) => !test(item))];
}

interface CancelContext {
  readonly jobId: JobId;
  readonly by: string;
  readonly now: number;
}

function cancelTask(state: State, taskId: TaskId, { jobId, by, now }: CancelContext): void {
  const { record } = taskOf(state, taskId);
  if (isEnd(record.state) || jobOf(state, jobId).detached[taskId] !== undefined) return;
  if (record.jobIds.some((other) => other !== jobId)) leaveShared(state, record, { jobId, by, now });
  else if (currentAttempt(state, taskId) === undefined) endCancelled(state, taskId, { by, now });
  else requestCancel(state, taskId, by);
}

function requestCancel(state: State, taskId: TaskId, by: string): void {
  patchAttempt(state, taskId, { cancelRequestedBy: by });
  putTask(state, { ...taskOf(state, taskId), cancelledBy: by });
}

/** Other jobs still want it: only this one's reference goes, and with it its claim on the priority. */
function leaveShared(state: State, record: TaskRecord, { jobId, by, now }: CancelContext): void {
  const error = new GroveError('cancelled', { by }).toReport();
  leaveCancelled(state, jobId, { task: { ...record, error }, now });
  const jobIds = record.jobIds.filter((other) => other !== jobId);
  const task = taskOf(state, record.taskId);
  putTask(state, { ...task, record: { ...task.record, jobIds } });
  changePriority(state, record.taskId, highestPriority(state, jobIds));
}

function highestPriority(state: State, jobIds: readonly JobId[]): Priority {
  return jobIds.map((jobId) => jobOf(state, jobId).record.priority).reduce(higherPriority);
}

function answerFor(state: State, job: StoredJob): CancelAnswer {
  const views = job.record.taskIds.flatMap((taskId) => viewOf(state, job, taskId) ?? []);
  const cancelledTasks = views.filter((view) => view.state === 'cancelled').map(({ taskId }) => taskId);
  const running = views.flatMap(({ taskId, state: seen }) => {
    const attempt = isEnd(seen) ? undefined : currentAttempt(state, taskId)?.attempt;
    return attempt === undefined || attempt.cancelRequestedBy === null
      ? []
      : [{ agentId: attempt.agentId, taskId, attempt: attempt.attempt }];
  });
  return { cancelledTasks, running };
}
