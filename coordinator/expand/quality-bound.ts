import type { Catalogue } from '../../domain/recipe/catalogue.ts';
import type { Recipe } from '../../domain/recipe/recipe.ts';
import type { BenchmarkSpec } from '../../domain/task.ts';

/** Cosine below which outputs count as spoilt when nobody chose a bound: lossless-minded for fp16 and fp32, looser for 8-bit (DESIGN section 8). */
const DEFAULT_COSINE = { float: 0.99, quantized: 0.95 } as const;

/** Passes that lower the precision of weights or activations to integers; preparing for that does not. */
const QUANTIZES = /quantiz|weightcompression/i;
const PREPARES = /preprocess/i;

export interface BoundFacts {
  readonly recipeId: string;
  readonly recipe: Pick<Recipe, 'passes'>;
  /** Of the submit; undefined when it gave none. */
  readonly asked: number | undefined;
}

/** The submitter's bound, else the catalogue's for this recipe, else the default for its precision, marked as such. */
export function qualityBoundOf({ recipeId, recipe, asked }: BoundFacts, catalogue: Catalogue): BenchmarkSpec['qualityBound'] {
  if (asked !== undefined) return { metric: 'cosine', min: asked, isDefault: false, asked: true };
  const known = catalogue.recipes.find(({ id }) => id === recipeId);
  if (known !== undefined) return { metric: 'cosine', min: known.entry.quality.minCosine, isDefault: false };
  const quantized = recipe.passes.some(({ type }) => QUANTIZES.test(type) && !PREPARES.test(type));
  return { metric: 'cosine', min: quantized ? DEFAULT_COSINE.quantized : DEFAULT_COSINE.float, isDefault: true };
}
