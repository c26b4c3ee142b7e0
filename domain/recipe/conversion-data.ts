import { findPassManifest } from '../passes/registry.ts';
import type { RecipePass } from './recipe.ts';

/** A pass that cannot run without the rows of a data config. */
export interface DataNeed {
  readonly pass: Pick<RecipePass, 'name' | 'type' | 'path'>;
  /** Name of the data_config; null when the recipe names none. */
  readonly name: string | null;
}

/** What rows the native ones of these passes read, in order. */
export function dataNeeds(passes: readonly RecipePass[]): readonly DataNeed[] {
  return passes.flatMap((pass) => {
    const name = pass.known === 'native' ? findPassManifest(pass.type)?.dataOf?.(pass.params) : undefined;
    return name === undefined ? [] : [{ pass, name }];
  });
}
