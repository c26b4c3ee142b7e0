import { GroveError } from '../../domain/errors.ts';
import { type JobSpec, MAX_JOB_RECIPES, MAX_JOB_TASKS } from '../../domain/job.ts';
import { canonicalJson, type Sha256 } from '../../domain/json.ts';
import type { JobId, Priority, TaskId } from '../../domain/names.ts';
import { matchesUnit, type Requirement, refusals } from '../../domain/requirement.ts';
import type { AgentRecord, JobRecord, NewTask, TaskRecord } from '../store/task-store.ts';
import type { Expansion } from './expand.ts';
import { type KnownDevice, knownDevices } from './placement.ts';
import { makeStep, makeTask, type Step } from './step.ts';

/** A benchmark to run again. */
export interface RerunItem {
  readonly task: TaskRecord;
  /** The machine its number is of; null for one that never ran. */
  readonly unit: string | null;
  /** A device model that has no number yet, in place of the task's own. */
  readonly deviceModel: string | null;
  /** What the benchmark needed. */
  readonly needs: readonly TaskRecord[];
  /** A job that asked for it. */
  readonly job: JobRecord;
}

export interface RerunInput {
  readonly jobId: JobId;
  readonly items: readonly RerunItem[];
  readonly agents: readonly AgentRecord[];
  readonly priority: Priority;
  readonly cause: NonNullable<JobSpec['cause']>;
  readonly sha256: Sha256;
}

type Warning = Expansion['plan']['warnings'][number];

/**
 * The same benchmarks once more, of the recipes as they were, on the machines their numbers are of. Conversions are shared as ever; one that ended badly
 * runs afresh, and so does a resolve. What cannot be run again is a warning. Pure. Throws `invalid-request` for more tasks than a job may have.
 */
export function expandRerun(input: RerunInput): Expansion & { readonly spec: JobSpec } {
  const steps = new Map<TaskId, Step>();
  const warnings: Warning[] = [];
  const again: TaskId[] = [];
  const context = { ...input, devices: knownDevices(input.agents), resolves: new Map<string, TaskId>(), steps };
  for (const item of input.items) {
    const problem = addItem(item, context);
    if (problem === undefined) again.push(item.task.taskId);
    else warnings.push({ recipeId: item.task.spec.recipe.recipeId, path: item.unit ?? item.deviceModel ?? '', message: problem });
    if (steps.size > MAX_JOB_TASKS)
      throw new GroveError('invalid-request', {
        problem: `more than ${MAX_JOB_TASKS} tasks would run again: narrow it with recipes or devices`,
      });
  }
  const all = [...steps.values()];
  return {
    spec: specOf(input, again),
    tasks: all.map(({ task }) => task),
    plan: { tasks: all.map(({ plan }) => plan), warnings, lint: [], fits: [] },
  };
}

interface Context extends RerunInput {
  readonly devices: readonly KnownDevice[];
  /** Resolve tasks of the new job by what they pin. */
  readonly resolves: Map<string, TaskId>;
  readonly steps: Map<TaskId, Step>;
}

/** Adds a benchmark with what it needs, or says why it cannot be. */
function addItem(item: RerunItem, context: Context): string | undefined {
  const { task, needs } = item;
  const requirement = requirementOf(item);
  const matching = context.devices.filter(
    (device) => matchesUnit(requirement, device.name) && refusals(requirement, device.profile).length === 0,
  );
  if (matching.length === 0)
    return item.unit === null ? 'no known device can take it' : `${item.unit} is not known any more, or cannot take it now`;
  const conversions = needs.filter(({ spec }) => spec.kind === 'convert');
  const sources = conversions.length > 0 ? conversions : needs.filter(({ spec }) => spec.kind === 'resolve').slice(0, 1);
  if (sources.length === 0) return 'it never had a conversion: submit the recipe again';
  const needIds = sources.map((source) => addSource(source, context));
  const taskId = nextId(context);
  const placement = { requirement, deviceModel: requirement.deviceModel ?? null, deviceNames: matching.map(({ name }) => name) };
  add(context, makeTask({ taskId, spec: task.spec, needs: needIds }, placement, context.sha256), placement.deviceNames);
  return undefined;
}

function requirementOf({ task, unit, deviceModel }: RerunItem): Requirement {
  const { unit: _unit, deviceModel: asked, ...rest } = task.requirement;
  if (unit !== null) return { ...rest, unit };
  const model = deviceModel ?? asked;
  return model === undefined ? rest : { ...rest, deviceModel: model };
}

function addSource(source: TaskRecord, context: Context): TaskId {
  const { spec, requirement, requirementDigest, retry } = source;
  const taskId = spec.kind === 'convert' ? source.taskId : resolveId(spec, context);
  add(context, { taskId, spec, requirement, requirementDigest, retry, needs: [] }, []);
  return taskId;
}

function resolveId(spec: TaskRecord['spec'], context: Context): TaskId {
  const key = canonicalJson(spec);
  const taskId = context.resolves.get(key) ?? nextId(context);
  context.resolves.set(key, taskId);
  return taskId;
}

/** Conversions take numbers too: an id must only be the job's own and not used yet. */
function nextId({ jobId, steps }: Context): TaskId {
  return `${jobId}-${steps.size}`;
}

function add({ steps }: Context, task: NewTask, deviceNames: readonly string[]): void {
  if (steps.has(task.taskId)) return;
  const { requirement } = task;
  steps.set(task.taskId, makeStep(task, { requirement, deviceModel: requirement.deviceModel ?? null, deviceNames }));
}

/**
 * The document of the job: what its tasks have in common, taken from the jobs that asked first. What those wanted of their own time (a deadline, to
 * follow the fleet) is not wanted again, and rows are named by the tasks.
 */
function specOf({ items, priority, cause }: RerunInput, rerunOf: readonly TaskId[]): JobSpec {
  const hub = items.find(({ job }) => job.spec.source.kind === 'hub') ?? items[0];
  if (hub === undefined) throw new GroveError('invalid-request', { problem: 'nothing to run again' });
  const recipes = new Map(items.map(({ task: { spec } }) => [`${spec.recipe.recipeId} ${spec.recipe.digest}`, spec.recipe]));
  const { schemaVersion, source, synthetic, substituteEp, substituteDevice, tier, launches, task, minCosine, strict } = hub.job.spec;
  return {
    schemaVersion,
    source,
    synthetic,
    substituteEp,
    ...(substituteDevice !== undefined && { substituteDevice }),
    tier,
    launches,
    task,
    ...(minCosine !== undefined && { minCosine }),
    strict,
    data: {},
    dataFiles: {},
    recipes: [...recipes.values()].slice(0, MAX_JOB_RECIPES),
    coverage: 'any',
    where: [],
    priority,
    waitForDevice: false,
    cause: { ...cause, rerunOf: [...rerunOf] },
  };
}
