import type { Plan } from '../../api/submit.ts';
import type { ImportedData } from '../../domain/imports.ts';
import type { JobSpec } from '../../domain/job.ts';
import type { Sha256 } from '../../domain/json.ts';
import type { JobId } from '../../domain/names.ts';
import type { Catalogue } from '../../domain/recipe/catalogue.ts';
import { type ParseRecipe, parseRecipe } from '../../domain/recipe/parse-recipe.ts';
import type { AgentRecord, NewTask } from '../store/task-store.ts';
import { expandRecipe, isOwn } from './expand-recipe.ts';
import { lintAll, type ReadRecipe, refuseFindings, refuseUnknownData, warningsOf } from './findings.ts';
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
  readonly plan: Pick<Plan, 'tasks' | 'warnings' | 'lint'>;
}

/**
 * Job -> tasks. Pure: the same job, catalogue, imports and fleet give the same tasks.
 *
 * Each recipe becomes one benchmark per placement of its coverage and one shared conversion, keyed at once when the source was uploaded; a hub model
 * gets a resolve task first and its conversions are linked when that ends. A recipe that nobody can convert ends at once, so that the matrix shows why.
 *
 * Throws what `parseRecipe` throws, `missing-data` for a `--data` name that no recipe has, `lint` when the job is strict, and `unsatisfiable` with
 * each device's reasons unless the job waits for a device.
 */
export function expand({ jobId, spec, agents, catalogue, imported, sha256, parse = parseRecipe }: ExpandInput): Expansion {
  const recipes = spec.recipes.map((ref): ReadRecipe => ({ ref, ...parse(ref.text, { name: ref.recipeId, sha256 }) }));
  refuseUnknownData(spec, recipes);
  const lint = lintAll(recipes);
  if (spec.strict) refuseFindings(lint);
  const context = { jobId, spec, devices: knownDevices(agents), catalogue, imported, sha256 };
  const steps = new Map<string, Step>();
  for (const recipe of recipes) {
    const firstOrdinal = [...steps.values()].filter(isOwn).length;
    const own = expandRecipe(recipe, { ...context, firstOrdinal });
    // Recipes that share a conversion name it twice.
    for (const step of own) if (!steps.has(step.task.taskId)) steps.set(step.task.taskId, step);
  }
  const warnings = recipes.flatMap((recipe) => warningsOf(recipe, spec, imported));
  const all = [...steps.values()];
  return { tasks: all.map(({ task }) => task), plan: { tasks: all.map(({ plan }) => plan), warnings, lint } };
}
