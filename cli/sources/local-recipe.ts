import { readFile, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { GroveError } from '../../domain/errors.ts';
import { findCatalogueRecipe } from '../../domain/recipe/catalogue.ts';
import { overrideTask } from '../../domain/recipe/override-task.ts';
import { type ParsedRecipe, parseRecipeDocument } from '../../domain/recipe/parse-recipe.ts';
import { readRecipeJson } from '../../domain/recipe/read-json.ts';
import { setParameter } from '../../domain/recipe/set-parameter.ts';
import { CATALOGUE_FOLDER } from '../../platform/installation.ts';
import { readCatalogue } from '../../platform/read-catalogue.ts';
import { sha256 } from '../../platform/sha256.ts';

export interface RecipeEdits {
  readonly task: string | undefined;
  readonly set: readonly string[];
}

/**
 * Reads a recipe for a command that works without a farm: a file, or an entry of the catalogue that ships with Grove by id, file name or label. Throws
 * `unknown-recipe` and what parsing throws.
 */
export async function readLocalRecipe(argument: string, { task, set }: RecipeEdits): Promise<ParsedRecipe> {
  const document = set.reduce(setParameter, readRecipeJson((await readRecipeFile(argument)).text, argument));
  return parseRecipeDocument(task === undefined ? document : overrideTask(document, task), { name: argument, sha256 });
}

/** The text of a recipe and the plain name of its file. Throws `unknown-recipe`; `invalid-argument` for a model. */
export async function readRecipeFile(argument: string): Promise<{ readonly fileName: string; readonly text: string }> {
  if (argument.toLowerCase().endsWith('.onnx'))
    throw new GroveError('invalid-argument', {
      problem: `${argument} is a model, not a recipe: name the recipe, and the model with --model`,
    });
  const found = await stat(argument).catch(() => undefined);
  if (found?.isFile() === true) return { fileName: basename(argument), text: await readFile(argument, 'utf8') };
  const ofId = await readById(argument);
  if (ofId !== undefined) return { fileName: basename(argument), text: ofId };
  const { id, text } = findCatalogueRecipe(await readCatalogue(CATALOGUE_FOLDER, sha256), argument);
  return { fileName: basename(id), text };
}

/** A whole id needs no look at the other recipes, each of which costs some milliseconds. */
async function readById(argument: string): Promise<string | undefined> {
  if (!/^[\w-][\w.-]*\/[\w-][\w.-]*\.json$/.test(argument) || basename(argument) === 'model.json') return undefined;
  return readFile(join(CATALOGUE_FOLDER, argument), 'utf8').catch(() => undefined);
}
