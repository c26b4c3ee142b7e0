import type { Recipe } from '../../domain/recipe/recipe.ts';
import { refusals } from '../../domain/requirement.ts';
import type { KnownDevice } from './placement.ts';
import { type BenchmarkNeed, benchmarkRequirement } from './requirements.ts';
import { supportOf } from './support.ts';

/** Devices of the fleet that a recipe can run on, for a submit that asks this of them. */
export function runnableOn(recipe: Recipe, devices: readonly KnownDevice[], asked: BenchmarkNeed['spec']): readonly KnownDevice[] {
  const requirement = benchmarkRequirement(recipe, { spec: asked, support: supportOf(recipe, devices, asked), selector: [] });
  return devices.filter(({ profile }) => refusals(requirement, profile).length === 0);
}
