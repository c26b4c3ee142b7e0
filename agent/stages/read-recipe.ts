import { overrideTask } from '../../domain/recipe/override-task.ts';
import { parseRecipeDocument } from '../../domain/recipe/parse-recipe.ts';
import { readRecipeJson } from '../../domain/recipe/read-json.ts';
import type { Recipe } from '../../domain/recipe/recipe.ts';
import type { RecipeRef } from '../../domain/task.ts';
import { sha256 } from '../../platform/sha256.ts';

/** Parses the recipe's text again, with the submit's task in place: an agent trusts no parsed form. Throws what parsing throws. */
export function readRecipe({ recipeId, text }: RecipeRef, task: string | null): Recipe {
  const document = readRecipeJson(text, recipeId);
  return parseRecipeDocument(task === null ? document : overrideTask(document, task), { name: recipeId, sha256 }).recipe;
}
