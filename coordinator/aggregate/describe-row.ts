import type { Sha256 } from '../../domain/json.ts';
import { lintRecipe } from '../../domain/lint/lint-recipe.ts';
import type { MatrixRow, Published } from '../../domain/matrix.ts';
import type { Catalogue, PublishedResults } from '../../domain/recipe/catalogue.ts';
import { parseRecipe } from '../../domain/recipe/parse-recipe.ts';
import type { RecipeRef } from '../../domain/task.ts';
import { rowRecipeId } from './benchmark-view.ts';
import type { FoldedCell } from './fold.ts';

/** Parsed recipes remembered; far more than a farm measures at a time. */
const MAX_REMEMBERED = 2_000;

type RecipeFacts = Pick<MatrixRow, 'target' | 'lintFindings'>;

/** Describes rows: title and published figures from the catalogue, target and lint from the recipe itself and from its newest conversion of the row's model. */
export function createRowDescriber(catalogue: Catalogue, sha256: Sha256): (newest: FoldedCell) => MatrixRow {
  const facts = new Map<string, RecipeFacts>();
  const factsOf = (recipe: RecipeRef): RecipeFacts => {
    const known = facts.get(recipe.digest);
    if (known !== undefined) return known;
    if (facts.size >= MAX_REMEMBERED) facts.clear();
    const read = readFacts(recipe, sha256);
    facts.set(recipe.digest, read);
    return read;
  };
  return ({ cell, newest }) => {
    const { spec, modelFindings } = newest.view;
    const { target, lintFindings } = factsOf(spec.recipe);
    const entry = catalogue.recipes.find(({ id }) => id === spec.recipe.recipeId);
    return {
      modelId: cell.key.modelId,
      recipeId: rowRecipeId(spec),
      recipeDigest: spec.recipe.digest,
      title: [entry?.entry.title ?? spec.recipe.recipeId, ...(spec.task === null ? [] : [spec.task])].join(', '),
      target,
      lintFindings: lintFindings + modelFindings,
      published: entry?.entry.published == null || spec.task !== null ? null : publishedOf(entry.entry.published),
    };
  };
}

function readFacts({ recipeId, text }: RecipeRef, sha256: Sha256): RecipeFacts {
  const { recipe } = parseRecipe(text, { name: recipeId, sha256 });
  return { target: `${recipe.target.device} ${recipe.target.ep}`, lintFindings: lintRecipe(recipe).length };
}

/** Published figures in the matrix's form: what was not published is null. */
function publishedOf({ latencyMs = {}, similarity, hardware, source }: PublishedResults): Published {
  const { avg = null, min = null, max = null, p90 = null } = latencyMs;
  return { hardware, source, latencyMs: { avg, min, max, p90 }, similarity: similarity ?? null };
}
