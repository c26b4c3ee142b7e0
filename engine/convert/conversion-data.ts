import type { DataColumns } from '../../domain/data-columns.ts';
import { GroveError } from '../../domain/errors.ts';
import type { DataNeed } from '../../domain/recipe/conversion-data.ts';
import type { DataConfig } from '../../domain/recipe/recipe.ts';
import { checkDataConfig, evaluateDataConfig, isDummyData } from '../data/data-config.ts';
import { loadTokenizer, type TextTokenizer } from '../data/tokenizer.ts';
import type { NamedTensors } from '../runtime/tensor.ts';

/** A local file with the rows of a data config, and what is read of it in place of the config's own columns. */
export interface DataRows extends DataColumns {
  /** Absolute path of a data file. */
  readonly file: string;
}

/** The data configs of a recipe, and what this machine has of their rows. */
export interface ConversionData {
  readonly configs: readonly DataConfig[];
  /** By name of the data config. */
  readonly rows: Readonly<Record<string, DataRows>>;
  /** Folder of the model's tokenizer files. */
  readonly tokenizerFolder: string;
}

/** Gives the batches of a data config by name (`PassContext.data`). */
export type DataReader = (name: string) => AsyncIterable<NamedTensors>;

/**
 * Checks, before any work, that the rows every pass reads can be read, and returns how.
 * Throws `unsupported-data` that names all data configs without rows, or what is wrong with one; `pass-failed` for a pass that names no data config;
 * `invalid-tokenizer`.
 */
export async function openData(needs: readonly DataNeed[], data: ConversionData | undefined): Promise<DataReader> {
  const names = needs.map(nameOf);
  refuseMissing(needs, data);
  const configs = names.map((name) => configOf(name, data));
  for (const config of configs) checkDataConfig(config, data?.rows[config.name]?.columns);
  const tokenizer = data === undefined || configs.every(isDummyData) ? undefined : await loadTokenizer(data.tokenizerFolder);
  return (name) => batchesOf(name, data, tokenizer);
}

function batchesOf(name: string, data: ConversionData | undefined, tokenizer: TextTokenizer | undefined): AsyncIterable<NamedTensors> {
  return evaluateDataConfig({ config: configOf(name, data), ...data?.rows[name], ...(tokenizer && { tokenizer }) });
}

function configOf(name: string, data: ConversionData | undefined): DataConfig {
  const config = data?.configs.find((candidate) => candidate.name === name);
  if (config === undefined) throw new GroveError('unsupported-data', { name, problem: 'the recipe does not define it' });
  return config;
}

function nameOf({ name, pass }: DataNeed): string {
  if (name !== null) return name;
  throw new GroveError('pass-failed', { type: pass.type, problem: `${pass.name} calibrates and names no data_config to do it with` });
}

function refuseMissing(needs: readonly DataNeed[], data: ConversionData | undefined): void {
  const missing = needs.filter((need) => data?.rows[nameOf(need)] === undefined && !isDummyData(configOf(nameOf(need), data)));
  const [first] = missing;
  if (first === undefined) return;
  const options = [...new Set(missing.map(({ name }) => `--data ${name}=FILE`))].join(' ');
  const problem = `pass ${first.pass.name} (${first.pass.type}) calibrates with its rows and none were given: add ${options}`;
  const problems = missing.map(({ name, pass }) => ({ path: pass.path, message: `reads the rows of ${name}` }));
  throw new GroveError('unsupported-data', { name: nameOf(first), problem }, { problems });
}
