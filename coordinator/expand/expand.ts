import type { Plan } from '../../api/submit.ts';
import { GroveError } from '../../domain/errors.ts';
import type { ImportedData } from '../../domain/imports.ts';
import { type JobSpec, MAX_JOB_TASKS, modelsOf } from '../../domain/job.ts';
import type { Sha256 } from '../../domain/json.ts';
import type { JobId } from '../../domain/names.ts';
import type { Catalogue } from '../../domain/recipe/catalogue.ts';
import { type ParseRecipe, parseRecipe } from '../../domain/recipe/parse-recipe.ts';
import type { AgentRecord, NewTask } from '../store/task-store.ts';
import { expandRecipe, isOwn, type RecipeContext } from './expand-recipe.ts';
import { lintAll, type ReadRecipe, refuseFindings, refuseUnknownData, warningsOf } from './findings.ts';
import { fitsOf } from './fits.ts';
import { refuseIdleSelectors } from './place-selectors.ts';
import { knownDevices } from './placement.ts';
import type { Step } from './step.ts';

export interface ExpandInput {
  readonly jobId: JobId;
  readonly spec: JobSpec;
  /** The fleet as the store knows it now. */
  readonly agents: readonly AgentRecord[];
  readonly catalogue: Catalogue;
  /** Rows that people brought to the farm. */
  readonly imported: readonly ImportedData[];
  readonly sha256: Sha256;
  /** Default: reads each recipe's text anew. */
  readonly parse?: ParseRecipe;
}

/** The tasks of a job and what its submitter is told about them. */
export interface Expansion {
  readonly tasks: readonly NewTask[];
  readonly plan: Pick<Plan, 'tasks' | 'warnings' | 'lint' | 'fits'>;
}

/**
 * Job -> tasks. Pure: the same job, catalogue, imports and fleet give the same tasks.
 *
 * Each recipe becomes one benchmark per placement of its coverage and one shared conversion, keyed at once when the source was uploaded; a hub model
 * gets a resolve task first, and so does an imported one whose rows some agent can fetch; their conversions are linked when that ends. A recipe that nobody can convert ends at once, so that the matrix shows why.
 *
 * Throws what `parseRecipe` throws, `missing-data` for a `--data` name that no recipe has, `lint` when the job is strict, and `unsatisfiable` with
 * each device's reasons unless the job waits for a device; `invalid-request` for more tasks than a job may have.
 */
export function expand({ jobId, spec, agents, catalogue, imported, sha256, parse = parseRecipe }: ExpandInput): Expansion {
  const recipes = spec.recipes.map((ref): ReadRecipe => ({ ref, ...parse(ref.text, { name: ref.recipeId, sha256 }) }));
  refuseUnknownData(spec, recipes);
  const lint = lintAll(recipes);
  if (spec.strict) refuseFindings(lint);
  const context = { jobId, spec, devices: knownDevices(agents), catalogue, imported, sha256, placed: new Map() };
  refuseIdleSelectors(recipes, context);
  const all = expandModels(recipes, context);
  const warned = modelsOf(spec).find(({ source }) => source.kind === 'uploaded');
  const warnings = recipes.flatMap((recipe) => warningsOf(recipe, { ...context, spec: { ...spec, ...warned } }));
  return {
    tasks: all.map(({ task }) => task),
    plan: { tasks: all.map(({ plan }) => plan), warnings, lint, fits: fitsOf(recipes, context) },
  };
}

/** Every recipe with every model. */
function expandModels(recipes: readonly ReadRecipe[], context: Omit<RecipeContext, 'firstOrdinal'>): readonly Step[] {
  const steps = new Map<string, Step>();
  let firstOrdinal = 0;
  for (const model of modelsOf(context.spec)) {
    for (const recipe of recipes) {
      const own = expandRecipe(recipe, { ...context, spec: { ...context.spec, ...model }, firstOrdinal });
      firstOrdinal += own.filter(isOwn).length;
      // Recipes that share a conversion name it twice.
      for (const step of own) if (!steps.has(step.task.taskId)) steps.set(step.task.taskId, step);
      if (steps.size > MAX_JOB_TASKS) throw tooMany();
    }
  }
  return [...steps.values()];
}

function tooMany(): GroveError {
  const problem = `the job would have more than ${MAX_JOB_TASKS} tasks: split it, or narrow its models, selectors or variants`;
  return new GroveError('invalid-request', { problem });
}
