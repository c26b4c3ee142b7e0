import type { Catalogue } from '../../domain/recipe/catalogue.ts';
import type { Recipe } from '../../domain/recipe/recipe.ts';
import type { BenchmarkSpec } from '../../domain/task.ts';

/** Cosine below which outputs count as spoilt when nobody chose a bound: lossless-minded for fp16 and fp32, looser for 8-bit (DESIGN section 8). */
const DEFAULT_COSINE = { float: 0.99, quantized: 0.95 } as const;

/** The catalogue's bound for this recipe, else the default for its precision, marked as such. */
export function qualityBoundOf(recipeId: string, recipe: Recipe, catalogue: Catalogue): BenchmarkSpec['qualityBound'] {
  const known = catalogue.recipes.find(({ id }) => id === recipeId);
  if (known !== undefined) return { metric: 'cosine', min: known.entry.quality.minCosine, isDefault: false };
  const quantized = recipe.passes.some(({ type }) => /quantiz/i.test(type));
  return { metric: 'cosine', min: quantized ? DEFAULT_COSINE.quantized : DEFAULT_COSINE.float, isDefault: true };
}
