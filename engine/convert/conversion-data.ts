import type { DataColumns } from '../../domain/data-columns.ts';
import { GroveError } from '../../domain/errors.ts';
import { type DataNeed, isDummyData, missingRows } from '../../domain/recipe/conversion-data.ts';
import type { DataConfig } from '../../domain/recipe/recipe.ts';
import { checkDataConfig, evaluateDataConfig } from '../data/data-config.ts';
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

/** The data of a recipe, ready to be read. */
export interface OpenData {
  readonly read: DataReader;
  /** That of `tokenizerFolder`, when something is to be tokenised. */
  readonly tokenizer: TextTokenizer | undefined;
}

/**
 * Checks, before any work, that the rows every pass reads can be read, and returns how.
 * Throws `unsupported-data` that names all data configs without rows, or what is wrong with one; `pass-failed` for a pass that names no data config;
 * `invalid-tokenizer`.
 */
export async function openData(needs: readonly DataNeed[], data: ConversionData | undefined): Promise<OpenData> {
  const missing = missingRows(needs, { configs: data?.configs ?? [], has: (name) => data?.rows[name] !== undefined });
  if (missing !== undefined) throw missing;
  const configs = needs.flatMap(({ name }) => (name === null ? [] : [configOf(name, data)]));
  for (const config of configs) checkDataConfig(config, data?.rows[config.name]?.columns);
  const tokenizer = data === undefined || configs.every(isDummyData) ? undefined : await loadTokenizer(data.tokenizerFolder);
  return { read: (name) => batchesOf(name, data, tokenizer), tokenizer };
}

function batchesOf(name: string, data: ConversionData | undefined, tokenizer: TextTokenizer | undefined): AsyncIterable<NamedTensors> {
  return evaluateDataConfig({ config: configOf(name, data), ...data?.rows[name], ...(tokenizer && { tokenizer }) });
}

function configOf(name: string, data: ConversionData | undefined): DataConfig {
  const config = data?.configs.find((candidate) => candidate.name === name);
  if (config === undefined) throw new GroveError('unsupported-data', { name, problem: 'the recipe does not define it' });
  return config;
}
