import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { z } from 'zod';
import { GroveError } from '../../domain/errors.ts';
import { IMPORTED_ROWS, importCommand } from '../../domain/imports.ts';
import type { DataEntry } from '../../domain/manifest.ts';
import type { DataConfig } from '../../domain/recipe/recipe.ts';
import { lengthOf } from '../../engine/data/file-parts.ts';
import { type ParquetPlanRequest, parquetPlanSchema } from '../../engine/data/parquet-plan.ts';
import { MAX_ROWS } from '../../engine/data/row.ts';
import type { SelectRowsRequest } from '../../engine/data/select-rows.ts';
import { rowRange } from '../../engine/data/split.ts';
import type { HubClient } from '../hub/hub-client.ts';
import type { HubFile } from '../hub/hub-download.ts';
import { fetchFooter, fetchRanges, type ReadRange } from '../hub/parquet-parts.ts';
import { asJson } from '../runner/as-json.ts';
import type { TaskContext } from '../runner/stage.ts';
import { rowsOutcomeSchema } from './child-documents.ts';

/** The hub converts every public data set to Parquet on this branch: one folder a subset, one below it a split, files of rows in order. */
const PARQUET_REVISION = 'refs/convert/parquet';

/** Rows on this machine, their place in the manifest, and the commit they were taken from. */
export interface FetchedRows {
  readonly path: string;
  readonly entry: DataEntry;
  readonly revision: string;
}

/**
 * Fetches the rows a data config selects and writes them as JSON Lines with only the columns it reads, so that what travels and is hashed is what counts.
 * Of each Parquet file only the footer and the column chunks of the row groups in question are fetched.
 * Throws `unsupported-data`, whose advice is to give the rows with --data.
 */
export async function fetchDataRows(config: DataConfig, services: Services): Promise<FetchedRows> {
  const { context } = services;
  const revision = await pin(config, services);
  const files = await parquetFiles(config, { ...services, revision });
  const folder = join(context.folder, 'rows');
  const outFile = join(folder, `${config.name}.jsonl`);
  await mkdir(folder, { recursive: true });
  const limit = rowLimit(config);
  let rows = 0;
  for (const file of files) {
    rows += await appendRows(config, { ...services, revision, file, outFile, limit: limit - rows });
    if (rows >= limit) break;
  }
  context.log(`Data config ${config.name}: ${rows} rows of ${config.source.dataset} at ${revision}.`);
  return { path: outFile, entry: { path: `${IMPORTED_ROWS}${config.name}.jsonl`, origin: 'hub' }, revision };
}

interface Services {
  readonly hub: HubClient;
  readonly context: TaskContext;
}

interface Pinned extends Services {
  /** Commit of the data set: its files are listed and read at this one. */
  readonly revision: string;
}

interface Part extends Pinned {
  readonly file: HubFile;
  readonly outFile: string;
  readonly limit: number;
}

/** The first rows of one file, behind what the output holds already. Returns how many. */
async function appendRows(config: DataConfig, { hub, context, revision, file, outFile, limit }: Part): Promise<number> {
  const { path, sizeBytes } = file;
  const read: ReadRange = (range) => hub.readRange(repoOf(config), { path, revision, ...range }, context.signal);
  const remote = { name: `${config.source.dataset} ${path}`, sizeBytes, read };
  const local = join(context.folder, 'rows', 'part.parquet');
  const query = { file: local, columns: columnsOf(config), optional: labelOf(config), limit };
  const footer = await fetchFooter(remote, local);
  const plan = await inOwnProcess('rows-plan', { ...query, parts: footer }, { context, result: parquetPlanSchema });
  const totalBytes = lengthOf(plan.ranges);
  await context.cache.assertSpace(totalBytes);
  const onBytes = (bytes: number) => context.progress(bytes / Math.max(1, totalBytes), config.name);
  const parts = await fetchRanges(remote, plan, { path: local, parts: footer, onBytes });
  const { rows } = await inOwnProcess('rows', { ...query, parts, outFile }, { context, result: rowsOutcomeSchema });
  await rm(local);
  return rows;
}

/** To read a large file takes seconds and its memory, while the agent has leases to renew; and what it holds comes from outside. */
function inOwnProcess<Result>(
  stage: 'rows-plan' | 'rows',
  request: ParquetPlanRequest | SelectRowsRequest,
  { context, result }: { readonly context: TaskContext; readonly result: z.ZodType<Result> },
): Promise<Result> {
  return context.inChild({ stage, request: asJson(request), result, timeoutMs: context.config.timeoutMs.convert });
}

/** The files of the split, in the order of their rows. */
async function parquetFiles(config: DataConfig, { hub, context, revision }: Pinned): Promise<readonly HubFile[]> {
  const folder = `${config.source.subset ?? 'default'}/${config.source.split.replace(/\[.*$/, '')}`;
  const { signal } = context;
  const listed = await hub.list(repoOf(config), { revision, folder, signal }).catch(notListed(config, signal));
  const files = listed.filter(({ path }) => path.endsWith('.parquet')).sort((a, b) => (a.path < b.path ? -1 : 1));
  if (files.length === 0) throw unsupported(config, withImport(config, `${config.source.dataset} has no Parquet file below ${folder}`));
  return files;
}

function pin(config: DataConfig, { hub, context: { signal } }: Services): Promise<string> {
  return hub.pinDataset(repoOf(config).name, PARQUET_REVISION, signal).catch(notListed(config, signal));
}

/** What a failed question becomes. Throws the signal's reason, else `unsupported-data`. */
function notListed(config: DataConfig, signal: AbortSignal): (cause: unknown) => never {
  return (cause) => {
    signal.throwIfAborted();
    const why = cause instanceof Error ? cause.message : String(cause);
    throw unsupported(config, withImport(config, `the Parquet files of ${config.source.dataset} cannot be listed (${why})`), cause);
  };
}

/** A problem with rows of a hub, and the command that brings them to the farm without one. */
export function withImport({ source: { dataset, subset, split } }: DataConfig, problem: string): string {
  return dataset === null ? problem : `${problem}; to bring its rows to the farm: ${importCommand({ dataset, subset, split })}`;
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

/** Accuracy and relevance need it; many data sets have none. */
function labelOf({ labelColumn }: DataConfig): string[] {
  return labelColumn === null ? [] : [labelColumn];
}

function filtersOf(config: DataConfig): object {
  const filters = config.load.params['col_filters'];
  return typeof filters === 'object' && filters !== null && !Array.isArray(filters) ? filters : {};
}

function unsupported(config: DataConfig, problem: string, cause?: unknown): GroveError {
  return new GroveError('unsupported-data', { name: config.name, problem }, { cause });
}
