import type { DataConfig, Recipe } from '../../domain/recipe/recipe.ts';

/** The data config a recipe evaluates on: its first metric's that names one. Undefined when none does; then there is nothing to make a Reference from. */
export function evaluationDataOf(recipe: Pick<Recipe, 'metrics' | 'dataConfigs'>): DataConfig | undefined {
  const name = recipe.metrics.find(({ dataConfig }) => dataConfig !== null)?.dataConfig;
  return recipe.dataConfigs.find((config) => config.name === name);
}
