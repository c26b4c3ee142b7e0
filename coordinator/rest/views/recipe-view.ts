import type { RecipeSummary, RecipeView } from '../../../api/recipes.ts';
import { lintRecipe } from '../../../domain/lint/lint-recipe.ts';
import type { Published } from '../../../domain/matrix.ts';
import type { CatalogueRecipe, PublishedResults } from '../../../domain/recipe/catalogue.ts';
import type { RecipePass } from '../../../domain/recipe/recipe.ts';

/** A catalogue entry: what it targets, whether Grove converts it itself, and what lint finds. */
export function recipeSummary({ id, entry, model, recipe }: CatalogueRecipe): RecipeSummary {
  const unsupported = [
    ...recipe.passes.filter(({ known }) => known !== 'native').map(whyNot),
    ...recipe.userScripts.map((path) => `${path} runs Python code`),
  ];
  return {
    recipeId: id,
    digest: recipe.digest,
    title: entry.title,
    modelId: model.modelId,
    target: `${recipe.target.device} ${recipe.target.ep}`,
    passes: recipe.passes.map(passSummary),
    supported: unsupported.length === 0,
    unsupported,
    lint: lintRecipe(recipe).map(({ rule, path, message }) => ({ rule, path, message })),
    published: entry.published === null ? null : publishedView(entry.published),
  };
}

/** An entry with its file and the parameters each pass ends up with. */
export function recipeView(entry: CatalogueRecipe): RecipeView {
  const passes = entry.recipe.passes.map((pass) => ({ ...passSummary(pass), params: { ...pass.params } }));
  return { ...recipeSummary(entry), passes, text: entry.text };
}

function passSummary({ name, type, side, known }: RecipePass) {
  return { name, type, side, native: known === 'native' };
}

function whyNot({ type, path, detail }: RecipePass): string {
  return `${path}: ${type} is not implemented natively${detail}`;
}

function publishedView({ hardware, source, latencyMs, similarity }: PublishedResults): Published {
  const { avg = null, min = null, max = null, p90 = null } = latencyMs ?? {};
  return { hardware, source, latencyMs: { avg, min, max, p90 }, similarity: similarity ?? null };
}
