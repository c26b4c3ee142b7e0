import type { JobState } from '../../../domain/job.ts';
import type { JobId, TaskId } from '../../../domain/names.ts';
import type { EpochMs } from '../../../domain/ports.ts';
import type { TaskState } from '../../../domain/task-state.ts';
import type { JobRecord, TaskRecord } from '../task-store.ts';
import { jobOf, putJob, type State, type StoredJob } from './state.ts';

type Counts = JobRecord['counts'];

export const NO_TASKS: Counts = { waiting: 0, pending: 0, leased: 0, running: 0, completed: 0, failed: 0, exception: 0, cancelled: 0 };

/** From the worst ending to the best: what a job that has ended is called. */
const WORST_FIRST = ['cancelled', 'exception', 'failed'] as const;

/** Derived, never stored as truth: `running` until nothing is left to end, then the worst ending. */
function jobStateOf(counts: Counts): JobState {
  if (counts.waiting + counts.pending + counts.leased + counts.running > 0) return 'running';
  return WORST_FIRST.find((state) => counts[state] > 0) ?? 'completed';
}

/** A task of a job changed its state, appeared (`from` null). */
export interface CountChange {
  readonly from: TaskState | null;
  readonly to: TaskState;
  readonly now: EpochMs;
}

export function countTask(state: State, jobIds: readonly JobId[], change: CountChange): void {
  for (const jobId of jobIds) {
    const job = jobOf(state, jobId);
    putJob(state, { ...job, record: recount(job.record, change) });
    state.effects.jobs.add(jobId);
  }
}

function recount(record: JobRecord, { from, to, now }: CountChange): JobRecord {
  const counts = { ...record.counts };
  if (from !== null) counts[from] -= 1;
  counts[to] += 1;
  return settleJob({ ...record, counts }, now);
}

/** Derives state and end from the counts. */
export function settleJob(record: JobRecord, now: EpochMs): JobRecord {
  const state = jobStateOf(record.counts);
  return { ...record, state, endedAt: state === 'running' ? null : (record.endedAt ?? now) };
}

/** Whether there is something left that a cancel or the deadline would stop. */
export function isOpen({ record, cancelledBy }: StoredJob): boolean {
  return cancelledBy === null && (record.endedAt === null || record.followsUntil !== null);
}

/** The job stops following a shared task and keeps this last view of it. The caller counts the change of state, if there is one. */
export function detach(state: State, jobId: JobId, view: TaskRecord): void {
  const job = jobOf(state, jobId);
  putJob(state, { ...job, detached: { ...job.detached, [view.taskId]: view } });
}

/** A task as this job sees it. */
export function viewOf(state: State, job: StoredJob, taskId: TaskId): TaskRecord | undefined {
  return job.detached[taskId] ?? state.tasks.get(taskId)?.record;
}
