import type { JobId, Priority, TaskId } from '../../../domain/names.ts';
import type { EpochMs } from '../../../domain/ports.ts';
import { isEnd } from '../../../domain/task-state.ts';
import { higherPriority } from '../order.ts';
import type { CancelAnswer, TaskRecord } from '../task-store.ts';
import { currentAttempt, endStopped, patchAttempt } from './attempts.ts';
import { isOpen, viewOf } from './jobs.ts';
import { leaveStopped } from './new-tasks.ts';
import { jobOf, putJob, putTask, type State, type StoredJob, taskOf } from './state.ts';
import type { Stop } from './stop.ts';
import { changePriority } from './tasks.ts';

interface StopContext {
  readonly stop: Stop;
  readonly now: EpochMs;
}

/** Ends what of a job has not ended, and asks for attempts that live to be stopped. Once: later stops change nothing. */
export function stopJob(state: State, jobId: JobId, { stop, now }: StopContext): void {
  const job = jobOf(state, jobId);
  if (!isOpen(job)) return;
  putJob(state, { ...job, cancelledBy: stop.by, record: { ...job.record, followsUntil: null } });
  if (job.record.followsUntil !== null) state.effects.jobs.add(jobId);
  // Tasks that wait go first, so that none ends as failed because its need was stopped a moment earlier.
  const [waiting, others] = partition(job.record.taskIds, (taskId) => taskOf(state, taskId).record.state === 'waiting');
  for (const taskId of [...waiting, ...others]) stopTask(state, taskId, { jobId, stop, now });
}

/** Attempts of a job that were asked to stop and live. */
export function stoppedAttempts(state: State, job: StoredJob): CancelAnswer['running'] {
  const views = job.record.taskIds.flatMap((taskId) => viewOf(state, job, taskId) ?? []);
  return views.flatMap(({ taskId, state: seen }) => {
    const attempt = isEnd(seen) ? undefined : currentAttempt(state, taskId)?.attempt;
    return attempt === undefined || attempt.cancelRequestedBy === null
      ? []
      : [{ agentId: attempt.agentId, taskId, attempt: attempt.attempt }];
  });
}

function partition<T>(items: readonly T[], test: (item: T) => boolean): readonly [readonly T[], readonly T[]] {
  return [items.filter(test), items.filter((item) => !test(item))];
}

interface JobStop extends StopContext {
  readonly jobId: JobId;
}

function stopTask(state: State, taskId: TaskId, { jobId, stop, now }: JobStop): void {
  const { record } = taskOf(state, taskId);
  if (isEnd(record.state) || jobOf(state, jobId).detached[taskId] !== undefined) return;
  if (record.jobIds.some((other) => other !== jobId)) leaveShared(state, record, { jobId, stop, now });
  else if (currentAttempt(state, taskId) === undefined) endStopped(state, taskId, { stop, now });
  else requestStop(state, taskId, stop);
}

function requestStop(state: State, taskId: TaskId, stop: Stop): void {
  patchAttempt(state, taskId, { cancelRequestedBy: stop.by });
  putTask(state, { ...taskOf(state, taskId), stop });
}

/** Other jobs still want it: only this one's reference goes, and with it its claim on the priority. */
function leaveShared(state: State, record: TaskRecord, { jobId, stop, now }: JobStop): void {
  leaveStopped(state, jobId, { task: record, stop, now });
  const jobIds = record.jobIds.filter((other) => other !== jobId);
  const task = taskOf(state, record.taskId);
  putTask(state, { ...task, record: { ...task.record, jobIds } });
  changePriority(state, record.taskId, highestPriority(state, jobIds));
}

function highestPriority(state: State, jobIds: readonly JobId[]): Priority {
  return jobIds.map((jobId) => jobOf(state, jobId).record.priority).reduce(higherPriority);
}
