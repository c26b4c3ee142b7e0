import { GroveError } from '../errors.ts';
import { findPassManifest } from '../passes/registry.ts';
import type { DataConfig, RecipePass } from './recipe.ts';

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

/** Whether a data config makes its rows up and reads no file. Olive looks up containers without regard to case. */
export function isDummyData({ type }: Pick<DataConfig, 'type'>): boolean {
  return type.toLowerCase() === 'dummydatacontainer';
}

/** Rows that are there, by name of their data config. */
interface Rows {
  readonly configs: readonly DataConfig[];
  has(name: string): boolean;
}

/**
 * What is wrong with the rows that passes need, before anything runs: `unsupported-data` that names all that are missing and the options that give
 * them, or `pass-failed` for a pass that names none. Undefined when nothing is.
 */
export function missingRows(needs: readonly DataNeed[], rows: Rows): GroveError | undefined {
  const nameless = needs.find(({ name }) => name === null)?.pass;
  if (nameless !== undefined) {
    return new GroveError('pass-failed', {
      type: nameless.type,
      problem: `${nameless.name} calibrates and names no data_config to do it with`,
    });
  }
  const isDummy = (name: string): boolean => rows.configs.some((config) => config.name === name && isDummyData(config));
  const missing = needs.flatMap(({ name, pass }) => (name === null || rows.has(name) || isDummy(name) ? [] : [{ name, pass }]));
  const [first] = missing;
  if (first === undefined) return undefined;
  const options = [...new Set(missing.map(({ name }) => `--data ${name}=FILE`))].join(' ');
  const problem = `pass ${first.pass.name} (${first.pass.type}) calibrates with its rows and none were given: add ${options}`;
  const problems = missing.map(({ name, pass }) => ({ path: pass.path, message: `reads the rows of ${name}` }));
  return new GroveError('unsupported-data', { name: first.name, problem }, { problems });
}
