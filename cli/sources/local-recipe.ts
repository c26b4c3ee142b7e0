import { readFile, stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { GroveError } from '../../domain/errors.ts';
import { isPortablePath } from '../../domain/manifest.ts';
import { overrideTask } from '../../domain/recipe/override-task.ts';
import { type ParsedRecipe, parseRecipeDocument } from '../../domain/recipe/parse-recipe.ts';
import { readRecipeJson } from '../../domain/recipe/read-json.ts';
import { setParameter } from '../../domain/recipe/set-parameter.ts';
import { sha256 } from '../../platform/sha256.ts';
import { CATALOGUE_FOLDER } from '../installation.ts';

export interface RecipeEdits {
  readonly task: string | undefined;
  readonly set: readonly string[];
}

/** Reads a recipe for a command that works without a farm: a file, or an entry of the catalogue that ships with Grove. Throws what parsing throws. */
export async function readLocalRecipe(argument: string, { task, set }: RecipeEdits): Promise<ParsedRecipe> {
  const text = await readText(argument);
  const document = set.reduce(setParameter, readRecipeJson(text, argument));
  return parseRecipeDocument(task === undefined ? document : overrideTask(document, task), { name: argument, sha256 });
}

async function readText(argument: string): Promise<string> {
  const candidates = [resolve(argument), ...(isPortablePath(argument) ? [join(CATALOGUE_FOLDER, argument)] : [])];
  for (const path of candidates) {
    const found = await stat(path).catch(() => undefined);
    if (found?.isFile() === true) return readFile(path, 'utf8');
  }
  throw new GroveError('unknown-recipe', { name: argument });
}
