import { MAX_PLAN_TASKS, type Plan, type SubmitAnswer } from '../../api/submit.ts';
import { MAX_MESSAGE_BYTES } from '../../domain/constants.ts';
import { GroveError } from '../../domain/errors.ts';
import type { JobSpec } from '../../domain/job.ts';
import { digestOf, type Sha256 } from '../../domain/json.ts';
import type { JobId, Priority, TaskId } from '../../domain/names.ts';
import type { Clock } from '../../domain/ports.ts';
import type { Principal } from '../../domain/principal.ts';
import type { JobRecord, NewTask, SubmitCommand, TaskRecord, TaskStore } from '../store/task-store.ts';
import type { JobArchive } from './archive.ts';

/** When the tasks of a plan would run. */
export interface PlanEstimates {
  /** Of tasks that are not submitted yet; `done` are those that will not run. */
  ofPlan(
    tasks: readonly NewTask[],
    context: { readonly priority: Priority; readonly done: ReadonlySet<TaskId> },
  ): Promise<{
    readonly tasks: ReadonlyMap<TaskId, NonNullable<Plan['tasks'][number]['estimate']>>;
    readonly endMs: number | null;
    readonly unknown: string;
  }>;
}

export interface AcceptDeps {
  readonly store: Pick<TaskStore, 'submit' | 'job' | 'task' | 'tasksOf'>;
  readonly estimates: PlanEstimates;
  readonly archive: Pick<JobArchive, 'add'>;
  readonly clock: Clock;
  readonly sha256: Sha256;
}

export interface SubmitContext {
  readonly principal: Principal;
  readonly idempotencyKey: string;
}

/** The tasks of a job and what its submitter is told about them. */
export interface Derived {
  readonly tasks: readonly NewTask[];
  readonly plan: Pick<Plan, 'tasks' | 'warnings' | 'lint' | 'fits'>;
}

/** Something that becomes a job. */
export interface Asked {
  /** What was asked for: the same key with another one is a conflict. */
  readonly request: unknown;
  readonly dryRun: boolean;
  /** Not called when the key names a job already. Without tasks no job is made, unless it follows the fleet. */
  derive(jobId: JobId): Promise<Derived & { readonly spec: JobSpec }>;
}

/**
 * Accepts a job, or answers the earlier one when the idempotency key repeats. When it resolves the job survives a crash. Throws what deriving and
 * storing throw; then nothing was stored.
 */
export async function acceptJob(deps: AcceptDeps, context: SubmitContext, { request, dryRun, derive }: Asked): Promise<SubmitAnswer> {
  const jobId = jobIdOf(context, deps.sha256);
  const requestDigest = digestOf(request, deps.sha256);
  const earlier = dryRun ? undefined : await earlierJob(deps, context);
  if (earlier !== undefined) return repeat(deps, context, { jobId, requestDigest, spec: earlier.spec });
  const { spec, ...derived } = await derive(jobId);
  assertSendable(derived.tasks);
  const plan = await completePlan(deps, derived, spec.priority);
  const isEmpty = derived.tasks.length === 0 && spec.followForMs === undefined;
  if (dryRun || isEmpty) return { jobId: null, created: false, plan: withoutTaskIds(plan) };
  const command = commandOf(deps, context, { jobId, requestDigest, spec, tasks: derived.tasks });
  const { created } = await deps.store.submit(command);
  if (!created) return { jobId, created, plan: await storedPlan(deps, jobId) };
  deps.archive.add({ ...command, submittedAt: command.now });
  return { jobId, created, plan };
}

/** The job that this submitter's key names already. */
export async function earlierJob({ store, sha256 }: AcceptDeps, context: SubmitContext): Promise<JobRecord | undefined> {
  return store.job(jobIdOf(context, sha256));
}

/**
 * The same submitter and key always mean the same job: a submit that is repeated after a crash, or after the fleet changed, finds it without being
 * expanded again. 64 bits, so that two keys never meet.
 */
function jobIdOf({ principal, idempotencyKey }: SubmitContext, sha256: Sha256): JobId {
  return `j-${digestOf({ submitter: principal, idempotencyKey }, sha256).slice(0, 16)}`;
}

interface JobFacts {
  readonly jobId: JobId;
  readonly requestDigest: string;
  readonly spec: JobSpec;
  readonly tasks?: readonly NewTask[];
}

function commandOf({ clock }: AcceptDeps, { principal, idempotencyKey }: SubmitContext, { tasks = [], ...job }: JobFacts): SubmitCommand {
  return { now: clock.now(), principal, idempotencyKey, ...job, priority: job.spec.priority, tasks };
}

/** Part of a message that a task's document may take: the conversion and the lease travel in the same one. */
const MAX_SPEC_BYTES = MAX_MESSAGE_BYTES / 2;

/** A task that fits no message would be offered for ever. Placements of a recipe share their spec. Throws `too-large`. */
function assertSendable(tasks: readonly NewTask[]): void {
  for (const [spec, taskId] of new Map(tasks.map((task) => [task.spec, task.taskId]))) {
    const sizeBytes = Buffer.byteLength(JSON.stringify(spec));
    if (sizeBytes > MAX_SPEC_BYTES)
      throw new GroveError('too-large', { what: `The ${spec.kind} task ${taskId}`, sizeBytes, limitBytes: MAX_SPEC_BYTES });
  }
}

/** The store compares the request digests. Throws `idempotency-conflict`. */
async function repeat(deps: AcceptDeps, context: SubmitContext, job: JobFacts): Promise<SubmitAnswer> {
  await deps.store.submit(commandOf(deps, context, job)).catch((error: unknown) => {
    if (!isRecovered(error, job.jobId)) throw error;
  });
  return { jobId: job.jobId, created: false, plan: await storedPlan(deps, job.jobId) };
}

/** A job that was recovered is known by its id, which follows from the key, and not by the key itself. */
function isRecovered(error: unknown, jobId: JobId): boolean {
  return error instanceof GroveError && error.code === 'idempotency-conflict' && error.params['key'] === jobId;
}

async function completePlan({ store, estimates }: AcceptDeps, { tasks, plan }: Derived, priority: Priority): Promise<Plan> {
  const conversions = tasks.filter(({ spec }) => spec.kind === 'convert');
  const known = await Promise.all(conversions.map(({ taskId }) => store.task(taskId)));
  const cached = new Set(known.flatMap((task) => (task?.state === 'completed' ? [task.taskId] : [])));
  const { tasks: estimated, endMs, unknown } = await estimates.ofPlan(tasks, { priority, done: cached });
  const listed = plan.tasks.map((task): Plan['tasks'][number] => {
    if (task.taskId === null) return task;
    if (cached.has(task.taskId)) return { ...task, state: 'completed', reason: 'stored already' };
    return { ...task, estimate: estimated.get(task.taskId) ?? null };
  });
  return { ...plan, ...listTasks(listed), cachedConversions: cached.size, etaMs: endMs, etaUnknown: unknown };
}

/** The first tasks, and how many each recipe has. */
function listTasks(tasks: Plan['tasks']): Pick<Plan, 'tasks' | 'taskCount' | 'recipes'> {
  const counts = new Map<string, number>();
  for (const { recipeId } of tasks) counts.set(recipeId, (counts.get(recipeId) ?? 0) + 1);
  const recipes = [...counts].map(([recipeId, count]) => ({ recipeId, tasks: count }));
  return { tasks: tasks.slice(0, MAX_PLAN_TASKS), taskCount: tasks.length, recipes };
}

/** Ids of a dry run's own tasks mean nothing; a conversion's would be its key. */
function withoutTaskIds(plan: Plan): Plan {
  return { ...plan, tasks: plan.tasks.map((task) => ({ ...task, taskId: null })) };
}

/** Said of a job that was submitted before. */
const LATER = 'see grove job explain';

async function storedPlan({ store }: AcceptDeps, jobId: JobId): Promise<Plan> {
  const tasks = await store.tasksOf(jobId);
  const cachedConversions = tasks.filter(({ spec, state }) => spec.kind === 'convert' && state === 'completed').length;
  return { ...listTasks(tasks.map(plannedAgain)), warnings: [], lint: [], cachedConversions, fits: [], etaMs: null, etaUnknown: LATER };
}

function plannedAgain({ taskId, spec, requirement, state, error }: TaskRecord): Plan['tasks'][number] {
  return {
    taskId,
    kind: spec.kind,
    recipeId: spec.recipe.recipeId,
    executedEp: spec.kind === 'benchmark' ? spec.executedEp : null,
    deviceModel: requirement.deviceModel ?? null,
    deviceNames: requirement.unit === undefined ? [] : [requirement.unit],
    deviceCount: requirement.unit === undefined ? 0 : 1,
    state,
    reason: error?.message ?? '',
    estimate: null,
  };
}
