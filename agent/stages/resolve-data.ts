import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { GroveError } from '../../domain/errors.ts';
import type { DataEntry } from '../../domain/manifest.ts';
import type { DataConfig, Recipe } from '../../domain/recipe/recipe.ts';
import { isDummyData } from '../../engine/data/data-config.ts';
import { MAX_ROWS } from '../../engine/data/data-source.ts';
import type { SelectRowsRequest } from '../../engine/data/select-rows.ts';
import { rowRange } from '../../engine/data/split.ts';
import type { HubClient, HubFile } from '../hub/hub-client.ts';
import { asJson } from '../runner/as-json.ts';
import type { TaskContext } from '../runner/stage.ts';
import { rowsOutcomeSchema } from './child-documents.ts';

/** The hub converts every public data set to Parquet on this branch: one folder a subset, one below it a split, files of rows in order. */
const PARQUET_REVISION = 'refs/convert/parquet';
/** Largest Parquet file fetched for its first rows. */
const MAX_PARQUET_BYTES = 1_073_741_824;

/** Data configs a recipe calibrates or evaluates with and whose rows come from a data set. */
export function dataConfigsOf(recipe: Recipe): readonly DataConfig[] {
  const named = new Set([
    ...recipe.passes.map(({ params }) => params['data_config']),
    ...recipe.metrics.map(({ dataConfig }) => dataConfig),
  ]);
  return recipe.dataConfigs.filter((config) => named.has(config.name) && !isDummyData(config));
}

/**
 * Fetches the rows a data config selects and writes them as JSON Lines with only the columns it reads, so that what travels and is hashed is what counts.
 * Throws `unsupported-data`, whose advice is to give the rows with --data.
 */
export async function fetchDataRows(
  config: DataConfig,
  { hub, context }: { readonly hub: HubClient; readonly context: TaskContext },
): Promise<{ readonly path: string; readonly entry: DataEntry }> {
  const parquet = await firstParquet(config, { hub, signal: context.signal });
  const folder = join(context.folder, 'rows');
  const observer = { signal: context.signal, onBytes: (bytes: number) => context.progress(bytes / parquet.sizeBytes, config.name) };
  const source = await hub.download(repoOf(config), parquet, { revision: PARQUET_REVISION, folder, observer });
  const path = join(folder, `${config.name}.jsonl`);
  await mkdir(folder, { recursive: true });
  const limit = rowLimit(config);
  const { rows } = await selectInChild({ file: source, columns: columnsOf(config), limit, outFile: path }, context);
  if (parquet.hasMore && rows < limit) throw unsupported(config, `its rows are spread over several files, of which the first has ${rows}`);
  context.log(`Data config ${config.name}: ${rows} rows of ${config.source.dataset} (${parquet.path}).`);
  return { path, entry: { path: `data/${config.name}.jsonl`, origin: 'hub' } };
}

/** In a process of its own: to read a large file takes seconds and its memory, while the agent has leases to renew. */
function selectInChild(request: SelectRowsRequest, context: TaskContext) {
  return context.inChild({
    stage: 'rows',
    request: asJson(request),
    result: rowsOutcomeSchema,
    timeoutMs: context.config.timeoutMs.convert,
  });
}

/** The file with the first rows, and whether others follow it. */
async function firstParquet(
  config: DataConfig,
  { hub, signal }: { readonly hub: HubClient; readonly signal: AbortSignal },
): Promise<HubFile & { readonly hasMore: boolean }> {
  const folder = `${config.source.subset ?? 'default'}/${config.source.split.replace(/\[.*$/, '')}`;
  const listed = await hub.list(repoOf(config), { revision: PARQUET_REVISION, folder, signal }).catch((cause: unknown) => {
    signal.throwIfAborted();
    throw unsupported(
      config,
      `the Parquet files of ${config.source.dataset} cannot be listed (${cause instanceof Error ? cause.message : String(cause)})`,
      cause,
    );
  });
  const [first, second] = listed.filter(({ path }) => path.endsWith('.parquet')).sort((a, b) => (a.path < b.path ? -1 : 1));
  if (first === undefined) throw unsupported(config, `${config.source.dataset} has no Parquet file below ${folder}`);
  if (first.sizeBytes > MAX_PARQUET_BYTES) throw unsupported(config, `${first.path} has ${first.sizeBytes} bytes, too many for a few rows`);
  return { ...first, hasMore: second !== undefined };
}

function repoOf(config: DataConfig): { readonly type: 'dataset'; readonly name: string } {
  if (config.source.dataset === null) throw unsupported(config, 'it names no data set');
  return { type: 'dataset', name: config.source.dataset };
}

/** Rows from the start of the split up to the last one the config can use. Filters may skip any number of rows, so they read on. */
function rowLimit(config: DataConfig): number {
  const range = rowRange(config.source.split);
  if (range === undefined)
    throw unsupported(config, `split "${config.source.split}" is not of the form name or name[from:to] with row numbers`);
  const isFiltered = Object.keys(filtersOf(config)).length > 0;
  return Math.min(range.to, isFiltered ? MAX_ROWS : range.from + (config.tokenization.maxSamples ?? MAX_ROWS), MAX_ROWS);
}

function columnsOf(config: DataConfig): string[] {
  return [...new Set([...config.tokenization.columns, ...Object.keys(filtersOf(config))])];
}

function filtersOf(config: DataConfig): object {
  const filters = config.load.params['col_filters'];
  return typeof filters === 'object' && filters !== null && !Array.isArray(filters) ? filters : {};
}

function unsupported(config: DataConfig, problem: string, cause?: unknown): GroveError {
  return new GroveError('unsupported-data', { name: config.name, problem }, { cause });
}
