import { GroveError } from '../../domain/errors.ts';
import { MAX_JOB_TASKS } from '../../domain/job.ts';
import { canonicalJson, digestOf, type Sha256 } from '../../domain/json.ts';
import type { TaskId } from '../../domain/names.ts';
import type { JobRecord, NewTask, TaskRecord } from '../store/task-store.ts';
import { type ExpandInput, expand } from './expand.ts';

/** A job that follows the fleet, with every task it has. */
export interface FollowedJob extends Omit<ExpandInput, 'jobId' | 'spec'> {
  readonly job: Pick<JobRecord, 'jobId' | 'spec'>;
  readonly tasks: readonly TaskRecord[];
}

type AnyTask = Pick<NewTask, 'taskId' | 'spec' | 'requirement' | 'needs'>;

/**
 * The tasks that a job would have on the fleet as it is now and does not have yet. Pure, and only ever adds. What a task is decides its id, so that two
 * coordinators which see different fleets never mean two things by one id. Throws what `expand` throws.
 */
export function expandFollowed({ job, tasks, ...context }: FollowedJob): readonly NewTask[] {
  const { sha256 } = context;
  const expanded = expand({ ...context, jobId: job.jobId, spec: job.spec }).tasks;
  const known = new Set(benchmarksOf(tasks).map((task) => identityOf(task, tasks)));
  const fresh = benchmarksOf(expanded).filter((task) => !known.has(identityOf(task, expanded)));
  const ids = idsOf(expanded, { jobId: job.jobId, tasks, sha256 });
  const needed = new Set(fresh.flatMap(({ needs }) => needs));
  const has = new Set(tasks.map(({ taskId }) => taskId));
  const renamed = expanded
    .filter((task) => needed.has(task.taskId) || fresh.includes(task))
    .map((task) => ({ ...task, taskId: idIn(ids, task.taskId), needs: task.needs.map((need) => idIn(ids, need)) }))
    .filter(({ taskId }) => !has.has(taskId));
  if (tasks.length + renamed.length > MAX_JOB_TASKS) {
    const problem = `job ${job.jobId} would have more than ${MAX_JOB_TASKS} tasks: it takes in no more devices`;
    throw new GroveError('invalid-request', { problem });
  }
  return renamed;
}

function benchmarksOf<T extends AnyTask>(tasks: readonly T[]): readonly T[] {
  return tasks.filter(({ spec }) => spec.kind === 'benchmark');
}

/**
 * What makes a benchmark of a job another one: recipe, model and where it runs. What is learnt later, as its conversion, is left out, and so are
 * toolchains: a newer one on the farm must not run everything again.
 */
function identityOf({ spec, requirement, needs }: AnyTask, among: readonly AnyTask[]): string {
  const resolve = among.find(({ taskId, spec: other }) => other.kind === 'resolve' && needs.includes(taskId));
  const revision = resolve?.spec.kind === 'resolve' ? resolve.spec.revision : null;
  const model = spec.kind === 'benchmark' ? [spec.modelId, spec.synthetic] : [];
  return canonicalJson([spec.recipe.recipeId, spec.recipe.digest, ...model, revision, { ...requirement, toolchains: [] }]);
}

/** Ids that an expansion gave -> those its tasks have: a source that the job has already keeps its own. */
function idsOf(
  expanded: readonly AnyTask[],
  { jobId, tasks, sha256 }: { readonly jobId: string; readonly tasks: readonly TaskRecord[]; readonly sha256: Sha256 },
): ReadonlyMap<TaskId, TaskId> {
  const resolves = new Map(tasks.flatMap(({ taskId, spec }) => (spec.kind === 'resolve' ? [[canonicalJson(spec), taskId] as const] : [])));
  return new Map(
    expanded.flatMap((task): readonly (readonly [TaskId, TaskId])[] => {
      const { taskId, spec } = task;
      if (spec.kind === 'convert') return [];
      const text = spec.kind === 'resolve' ? canonicalJson(spec) : identityOf(task, expanded);
      return [[taskId, resolves.get(text) ?? `${jobId}-f${digestOf(text, sha256).slice(0, 16)}`]];
    }),
  );
}

function idIn(ids: ReadonlyMap<TaskId, TaskId>, taskId: TaskId): TaskId {
  return ids.get(taskId) ?? taskId;
}
