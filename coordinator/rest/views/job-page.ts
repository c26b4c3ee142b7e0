import type { TaskEstimate } from '../../../api/estimates.ts';
import type { JobView } from '../../../api/jobs.ts';
import { jobProgress } from '../../../domain/job-text.ts';
import type { TaskId } from '../../../domain/names.ts';
import { isEnd, type TaskState } from '../../../domain/task-state.ts';
import type { JobRecord, TaskRecord, TaskStore } from '../../store/task-store.ts';
import type { JobCommands, ProgressSource } from '../deps.ts';
import { jobSummary } from './job-view.ts';
import { taskSummary } from './task-view.ts';

/** Which tasks of a job are looked at. */
export interface TasksAsked {
  readonly offset: number;
  readonly limit: number;
  readonly state?: readonly TaskState[];
  /** Whether to say when they start and end. */
  readonly estimate: boolean;
}

interface JobViewDeps {
  readonly store: Pick<TaskStore, 'tasksOf'>;
  readonly progress: Pick<ProgressSource, 'latest'>;
  readonly jobs: Pick<JobCommands, 'estimate'>;
}

/** A job with one page of its tasks: never all of a sweep. */
export async function jobView(job: JobRecord, asked: TasksAsked, { store, progress, jobs }: JobViewDeps): Promise<JobView> {
  const { offset, limit, state } = asked;
  const tasks = await store.tasksOf(job.jobId, { offset, limit, ...(state !== undefined && { states: state }) });
  const taskCount = state === undefined ? jobProgress(job.counts).total : countOf(job, state);
  const open = tasks.filter((task) => !isEnd(task.state));
  const estimates = asked.estimate && open.length > 0 ? await jobs.estimate(open) : NO_ESTIMATES;
  return {
    ...jobSummary(job),
    ...(estimates.size > 0 && { estimate: wholeOf(job, [...estimates.values()]) }),
    tasks: tasks.map((task) => ({ ...taskSummary(task, progress), ...estimateOf(estimates, task) })),
    taskOffset: offset,
    taskCount,
  };
}

const NO_ESTIMATES: ReadonlyMap<TaskId, TaskEstimate> = new Map();

function estimateOf(estimates: ReadonlyMap<TaskId, TaskEstimate>, { taskId }: TaskRecord) {
  const estimate = estimates.get(taskId);
  return estimate === undefined ? {} : { estimate };
}

/** Of a job, from those of its tasks that have not ended. */
function wholeOf({ counts }: JobRecord, estimates: readonly TaskEstimate[]): TaskEstimate {
  const { ended, total } = jobProgress(counts);
  const starts = estimates.flatMap(({ startMs }) => startMs ?? []);
  const startMs = starts.length === 0 ? null : Math.min(...starts);
  const why = estimates.find(({ endMs }) => endMs === null)?.unknown ?? (total - ended > estimates.length ? MORE : '');
  return { startMs, endMs: why === '' ? Math.max(...estimates.map(({ endMs }) => endMs ?? 0)) : null, unknown: why };
}

const MORE = 'it has more tasks than are looked at';

function countOf({ counts }: JobRecord, states: readonly TaskState[]): number {
  return [...new Set(states)].reduce((total, state) => total + counts[state], 0);
}
