import { readFile, stat } from 'node:fs/promises';
import { basename, dirname, resolve } from 'node:path';
import type { SubmitRequest } from '../../api/submit.ts';
import { GroveError } from '../../domain/errors.ts';
import { parseRecipe } from '../../domain/recipe/parse-recipe.ts';
import { readRecipeJson } from '../../domain/recipe/read-json.ts';
import type { InputModel } from '../../domain/recipe/recipe.ts';
import { sha256 } from '../../platform/sha256.ts';
import { withUserScripts } from './user-scripts.ts';

/** Largest recipe file read. */
const MAX_RECIPE_BYTES = 1_048_576;

/** What recipes start from that say nothing else. */
const CHECKPOINT: Pick<InputModel, 'type' | 'modelPath' | 'config'> = { type: 'HfModel', modelPath: null, config: {} };

/**
 * What recipes start from: a checkpoint for a recipe of the catalogue, which is not here, and for one that does not parse, which the farm refuses with
 * the reasons.
 */
export function inputModelsOf(recipes: SubmitRequest['recipes']): readonly (typeof CHECKPOINT)[] {
  return recipes.map((recipe) => {
    if (!('text' in recipe)) return CHECKPOINT;
    try {
      return parseRecipe(recipe.text, { name: recipe.name, sha256 }).recipe.inputModel;
    } catch {
      return CHECKPOINT;
    }
  });
}

/** Where a recipe is looked for, and whether the Python files it names go with it. */
export interface RecipePlace {
  readonly cwd: string;
  readonly withScripts: boolean;
}

/** A file of that name wins; anything else is taken as a catalogue id, which the farm checks. Throws `recipe-not-json`, `too-large`, `invalid-argument`. */
export async function readRecipeArgument(argument: string, { cwd, withScripts }: RecipePlace): Promise<SubmitRequest['recipes'][number]> {
  const file = resolve(cwd, argument);
  const found = await stat(file).catch(() => undefined);
  if (found?.isFile() !== true) return { catalogueId: argument };
  if (found.size > MAX_RECIPE_BYTES)
    throw new GroveError('too-large', { what: `recipe ${argument}`, sizeBytes: found.size, limitBytes: MAX_RECIPE_BYTES });
  const text = await readFile(file, 'utf8');
  // Before a model is uploaded for it.
  const document = readRecipeJson(text, basename(file));
  if (!withScripts) return { name: basename(file), text };
  return { name: basename(file), text: JSON.stringify(await withUserScripts(document, dirname(file)), null, 2) };
}
