import type { JobView } from '../../../api/jobs.ts';
import { jobProgress } from '../../../domain/job-text.ts';
import type { TaskState } from '../../../domain/task-state.ts';
import type { JobRecord, TaskStore } from '../../store/task-store.ts';
import type { ProgressSource } from '../deps.ts';
import { jobSummary } from './job-view.ts';
import { taskSummary } from './task-view.ts';

/** Which tasks of a job are looked at. */
export interface TasksAsked {
  readonly offset: number;
  readonly limit: number;
  readonly state?: readonly TaskState[];
}

interface JobViewDeps {
  readonly store: Pick<TaskStore, 'tasksOf'>;
  readonly progress: Pick<ProgressSource, 'latest'>;
}

/** A job with one page of its tasks: never all of a sweep. */
export async function jobView(job: JobRecord, { offset, limit, state }: TasksAsked, { store, progress }: JobViewDeps): Promise<JobView> {
  const tasks = await store.tasksOf(job.jobId, { offset, limit, ...(state !== undefined && { states: state }) });
  const taskCount = state === undefined ? jobProgress(job.counts).total : countOf(job, state);
  return { ...jobSummary(job), tasks: tasks.map((task) => taskSummary(task, progress)), taskOffset: offset, taskCount };
}

function countOf({ counts }: JobRecord, states: readonly TaskState[]): number {
  return [...new Set(states)].reduce((total, state) => total + counts[state], 0);
}
