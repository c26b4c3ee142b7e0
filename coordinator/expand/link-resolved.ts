import type { Sha256 } from '../../domain/json.ts';
import { planConversion, toolchainNeeded } from '../../domain/recipe/conversion-plan.ts';
import { parseRecipe } from '../../domain/recipe/parse-recipe.ts';
import type { ResolveResult } from '../../domain/task.ts';
import type { AddTasksCommand, AgentRecord, JobRecord, TaskRecord } from '../store/task-store.ts';
import { keyConversion } from './conversion-task.ts';
import { knownDevices } from './placement.ts';
import { supportOf } from './support.ts';

export interface ResolvedJob {
  readonly job: JobRecord;
  /** Every task of the job. */
  readonly tasks: readonly TaskRecord[];
  readonly agents: readonly AgentRecord[];
  readonly sha256: Sha256;
}

/**
 * The conversions that a job's ended resolve tasks make possible, and the benchmarks that now learn theirs. Pure and idempotent: benchmarks linked
 * before are left alone, so that it may run again after a crash. Both lists are empty when nothing is left to link.
 */
export function linkResolved(input: ResolvedJob): Pick<AddTasksCommand, 'tasks' | 'links'> {
  const linked = input.tasks.flatMap((task) => linkOne(task, input));
  return { tasks: linked.map(({ task }) => task), links: linked.flatMap(({ links }) => links) };
}

interface Linked {
  readonly task: AddTasksCommand['tasks'][number];
  readonly links: AddTasksCommand['links'];
}

function linkOne(resolve: TaskRecord, input: ResolvedJob): readonly Linked[] {
  if (resolve.state !== 'completed' || resolve.result?.kind !== 'resolve') return [];
  const waiting = input.tasks.filter(
    (task) => task.needs.includes(resolve.taskId) && task.spec.kind === 'benchmark' && task.spec.conversionKey === null,
  );
  const open = waiting.filter(({ state }) => state === 'waiting');
  return open.length === 0 ? [] : [link(resolve, { ...input, result: resolve.result, open })];
}

function link(resolve: TaskRecord, context: ResolvedJob & { result: ResolveResult; open: readonly TaskRecord[] }): Linked {
  const { job, result, open, agents, sha256 } = context;
  const recipe = resolve.spec.recipe;
  const parsed = parseRecipe(recipe.text, { name: recipe.recipeId, sha256 }).recipe;
  const support = supportOf(parsed, knownDevices(agents), job.spec);
  // The toolchain that made the recipe runnable at submit may be away now: the conversion waits for it.
  const toolchains = support.kind === 'runnable' ? support.hostToolchains : [toolchainNeeded(planConversion(parsed).host) ?? 'olive'];
  const { conversionKey, task } = keyConversion(
    { recipe, parsed, task: taskOf(open), strict: job.spec.strict, toolchains },
    result.source,
    sha256,
  );
  const links = open.flatMap(({ taskId, spec }) =>
    spec.kind === 'benchmark' ? [{ taskId, needs: [task.taskId], spec: { ...spec, origin: result.origin, conversionKey } }] : [],
  );
  return { task, links };
}

/** Of the benchmarks that wait: a job that runs others again has no task of its own. */
function taskOf([first]: readonly TaskRecord[]): string | null {
  return first?.spec.kind === 'benchmark' ? first.spec.task : null;
}
