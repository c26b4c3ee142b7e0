import type { ImportedData } from '../../domain/imports.ts';
import type { JobSpec } from '../../domain/job.ts';
import { dataConfigsOf } from '../../domain/recipe/conversion-data.ts';
import type { DataConfig, Recipe } from '../../domain/recipe/recipe.ts';
import { type KnownDevice, placeOn } from './placement.ts';
import { resolveRequirement } from './requirements.ts';
import { localDataOf } from './source.ts';

export interface HubRowsContext {
  readonly spec: JobSpec;
  readonly devices: readonly KnownDevice[];
  /** Rows that people brought to the farm. */
  readonly imported: readonly ImportedData[];
}

/**
 * Data configs of an imported model's recipe whose rows a resolve task fetches: those of data sets that nobody gave or imported, where some agent reaches
 * a hub. A folder that was uploaded for one job gets none: what it was submitted with is all that counts.
 */
export function rowsFromHub(recipe: Recipe, { spec, devices, imported }: HubRowsContext): readonly DataConfig[] {
  if (spec.source.kind !== 'uploaded' || spec.source.origin.kind !== 'hub') return [];
  const { data } = localDataOf(spec, recipe, imported);
  const wanted = dataConfigsOf(recipe).filter(({ name, source }) => source.dataset !== null && !Object.hasOwn(data, name));
  return wanted.length > 0 && placeOn(devices, resolveRequirement(), 'any').placements.length > 0 ? wanted : [];
}
