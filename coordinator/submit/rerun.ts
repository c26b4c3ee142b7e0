import type { RerunAnswer, RerunRequest } from '../../api/reruns.ts';
import type { JobSpec } from '../../domain/job.ts';
import type { Matrix } from '../../domain/matrix.ts';
import type { JobId, Priority } from '../../domain/names.ts';
import type { AgentRecord, JobRecord, TaskRecord, TaskStore } from '../store/task-store.ts';
import { type AcceptDeps, type Asked, acceptJob, type Derived, earlierJob, type SubmitContext } from './accept.ts';
import { type PickedCell, pickCells } from './pick-cells.ts';

/** A benchmark with what is needed to run it again. */
export interface RerunItem extends Pick<PickedCell, 'unit' | 'deviceModel'> {
  readonly task: TaskRecord;
  readonly needs: readonly TaskRecord[];
  readonly job: JobRecord;
}

export interface RerunDeps extends AcceptDeps {
  readonly store: AcceptDeps['store'] & Pick<TaskStore, 'agents'>;
  /** The matrix of every result up to now. */
  matrix(): Promise<Matrix>;
  /** Benchmarks -> tasks of a new job: `expand/`. */
  expandRerun(input: {
    readonly jobId: JobId;
    readonly items: readonly RerunItem[];
    readonly agents: readonly AgentRecord[];
    readonly priority: Priority;
    readonly cause: NonNullable<JobSpec['cause']>;
  }): Derived & { readonly spec: JobSpec };
}

/**
 * Runs again what the matrix shows in some states, as one job that says what it is for. A matrix without such a cell makes no job. Throws what storing
 * throws and `invalid-request` for too many.
 */
export async function rerun(deps: RerunDeps, request: RerunRequest, context: SubmitContext): Promise<RerunAnswer> {
  const { dryRun = false, priority = 'sweep', ...wanted } = request;
  const asked = { request: { rerun: wanted, priority }, dryRun };
  const earlier = dryRun ? undefined : await earlierJob(deps, context);
  if (earlier !== undefined) return repeated(deps, { asked, context, jobId: earlier.jobId });
  const picked = pickCells(await deps.matrix(), request);
  const items = (await Promise.all(picked.map((cell) => readItem(deps.store, cell)))).flat();
  if (items.length === 0) return { jobId: null, created: false, plan: NOTHING, cells: 0 };
  const agents = await deps.store.agents();
  const cause = { kind: 'rerun', reason: reasonOf(request) } as const;
  const derive = async (jobId: JobId) => deps.expandRerun({ jobId, items, agents, priority, cause });
  const answer = await acceptJob(deps, context, { ...asked, derive });
  return { ...answer, cells: items.length };
}

/** The job of the first answer, which was lost: its cells run now, so that picking again would find others or none. */
async function repeated(
  deps: RerunDeps,
  { asked, context, jobId }: { readonly asked: Omit<Asked, 'derive'>; readonly context: SubmitContext; readonly jobId: JobId },
): Promise<RerunAnswer> {
  const derive = async (): Promise<never> => {
    throw new Error(`job ${jobId} is known and was not found`);
  };
  const answer = await acceptJob(deps, context, { ...asked, derive });
  const cells = (await deps.store.tasksOf(jobId)).filter(({ spec }) => spec.kind === 'benchmark').length;
  return { ...answer, cells };
}

const NOTHING: RerunAnswer['plan'] = {
  tasks: [],
  taskCount: 0,
  recipes: [],
  warnings: [],
  lint: [],
  cachedConversions: 0,
  fits: [],
  etaMs: null,
  etaUnknown: 'nothing runs',
};

/** Empty when the store has forgotten the task or its job. */
async function readItem(store: RerunDeps['store'], { taskId, unit, deviceModel }: PickedCell): Promise<readonly RerunItem[]> {
  const task = await store.task(taskId);
  const job = await store.job(task?.jobIds[0] ?? '');
  if (task === undefined || job === undefined) return [];
  const needs = await Promise.all(task.needs.map((need) => store.task(need)));
  return [{ task, unit, deviceModel, job, needs: needs.flatMap((need) => need ?? []) }];
}

function reasonOf({ states, recipes, devices }: RerunRequest): string {
  const filters = [...(recipes ?? []), ...(devices ?? [])];
  return `run again: ${states.join(', ')}${filters.length === 0 ? '' : ` of ${filters.join(', ')}`}`.slice(0, 500);
}
