import type { Plan } from '../../api/submit.ts';
import { GroveError } from '../../domain/errors.ts';
import { importCommand } from '../../domain/imports.ts';
import type { JobSpec } from '../../domain/job.ts';
import { lintRecipe } from '../../domain/lint/lint-recipe.ts';
import { lintSharedOutputFolders } from '../../domain/lint/shared-output-folders.ts';
import type { ParsedRecipe } from '../../domain/recipe/parse-recipe.ts';
import type { Recipe } from '../../domain/recipe/recipe.ts';
import type { RecipeRef } from '../../domain/task.ts';
import { type HubRowsContext, rowsFromHub } from './hub-rows.ts';
import { localDataOf } from './source.ts';

/** A recipe of the job, parsed. */
export type ReadRecipe = ParsedRecipe & { readonly ref: RecipeRef };

/** Throws `missing-data` for rows that no recipe of the job reads: a misspelt name would otherwise be ignored. */
export function refuseUnknownData(spec: JobSpec, recipes: readonly ReadRecipe[]): void {
  const names = new Set(recipes.flatMap(({ recipe }) => recipe.dataConfigs.map(({ name }) => name)));
  const unknown = Object.keys(spec.data).find((name) => !names.has(name));
  if (unknown !== undefined) throw new GroveError('missing-data', { path: `data.${unknown}`, name: unknown });
}

/** Findings on each recipe, and on the set of them. */
export function lintAll(recipes: readonly ReadRecipe[]): Plan['lint'] {
  const own = recipes.flatMap(({ ref, recipe }) =>
    lintOnce(recipe).map(({ rule, path, message }) => ({ recipeId: ref.recipeId, rule, path, message })),
  );
  const shared = lintSharedOutputFolders(recipes.map(({ recipe }) => recipe));
  return [...own, ...shared.map(({ recipeName, rule, path, message }) => ({ recipeId: recipeName, rule, path, message }))];
}

/** Recipes that are submitted again and again are parsed once. */
const findings = new WeakMap<Recipe, ReturnType<typeof lintRecipe>>();

function lintOnce(recipe: Recipe): ReturnType<typeof lintRecipe> {
  const known = findings.get(recipe) ?? lintRecipe(recipe);
  findings.set(recipe, known);
  return known;
}

/** Throws `lint` with every finding, if there is one. */
export function refuseFindings(lint: Plan['lint']): void {
  const [first] = lint;
  if (first === undefined) return;
  const problems = lint.map(({ recipeId, rule, path, message }) => ({ path: `${recipeId} ${path}`, message: `${rule}: ${message}` }));
  throw new GroveError('lint', { count: lint.length, rule: first.rule, path: first.path, problem: first.message }, { problems });
}

/** What Olive would warn about, and data that an uploaded model does not bring along. */
export function warningsOf({ ref, recipe, warnings }: ReadRecipe, context: HubRowsContext): Plan['warnings'] {
  const { spec, imported } = context;
  const own = warnings.map(({ path, message }) => ({ recipeId: ref.recipeId, path, message }));
  if (spec.source.kind === 'hub') return own;
  const { data } = localDataOf(spec, recipe, imported);
  const fetched = new Set(rowsFromHub(recipe, context).map(({ name }) => name));
  const missing = recipe.dataConfigs.filter(({ name }) => !Object.hasOwn(data, name) && !fetched.has(name));
  const notes = missing.flatMap(({ name, path, source: { dataset, subset, split } }) => {
    if (dataset === null) return [];
    const command = importCommand({ dataset, subset, split });
    const message = `rows of "${dataset}" do not travel with an uploaded model: give them with --data ${name}=FILE, or import them (${command})`;
    return [{ recipeId: ref.recipeId, path, message }];
  });
  return [...own, ...notes];
}
