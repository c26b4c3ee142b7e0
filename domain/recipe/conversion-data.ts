import { GroveError } from '../errors.ts';
import { importCommand } from '../imports.ts';
import { findPassManifest } from '../passes/registry.ts';
import type { DataConfig, Recipe, RecipePass } from './recipe.ts';

/** A pass that cannot run without the rows of a data config. */
export interface DataNeed {
  readonly pass: Pick<RecipePass, 'name' | 'type' | 'path'>;
  /** Name of the data_config; null when the recipe names none. */
  readonly name: string | null;
}

/** What rows those of these passes that Grove runs read, in order. */
export function dataNeeds(passes: readonly RecipePass[]): readonly DataNeed[] {
  return passes.flatMap((pass) => {
    const name = pass.known === 'olive' ? undefined : findPassManifest(pass.type)?.dataOf?.(pass.params);
    return name === undefined ? [] : [{ pass, name }];
  });
}

/** Whether a data config makes its rows up and reads no file. Olive looks up containers without regard to case. */
export function isDummyData({ type }: Pick<DataConfig, 'type'>): boolean {
  return type.toLowerCase() === 'dummydatacontainer';
}

/** Data configs a recipe calibrates or evaluates with and whose rows come from somewhere. */
export function dataConfigsOf(recipe: Pick<Recipe, 'passes' | 'metrics' | 'dataConfigs'>): readonly DataConfig[] {
  const named = new Set([
    ...recipe.passes.map(({ params }) => params['data_config']),
    ...recipe.metrics.map(({ dataConfig }) => dataConfig),
  ]);
  return recipe.dataConfigs.filter((config) => named.has(config.name) && !isDummyData(config));
}

/** Rows that are there, by name of their data config. */
interface Rows {
  readonly configs: readonly DataConfig[];
  /** On a farm, where rows of data sets can be brought to: the error says how. */
  readonly mayBeImported?: boolean;
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
  const names = new Set(missing.map(({ name }) => name));
  const options = [...names].map((name) => `--data ${name}=FILE`).join(' ');
  const imports = rows.mayBeImported ? importCommands(rows.configs.filter(({ name }) => names.has(name))) : '';
  const problem = `pass ${first.pass.name} (${first.pass.type}) calibrates with its rows and none were given: add ${options}${imports}`;
  const problems = missing.map(({ name, pass }) => ({ path: pass.path, message: `reads the rows of ${name}` }));
  return new GroveError('unsupported-data', { name: first.name, problem }, { problems });
}

function importCommands(configs: readonly DataConfig[]): string {
  const commands = configs.flatMap(({ source: { dataset, subset, split } }) =>
    dataset === null ? [] : [importCommand({ dataset, subset, split })],
  );
  return commands.length === 0 ? '' : `, or bring them to the farm: ${[...new Set(commands)].join('; ')}`;
}
