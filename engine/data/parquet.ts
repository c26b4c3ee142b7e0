import { basename } from 'node:path';
import { type Compressors, type FileMetaData, parquetMetadataAsync, parquetReadObjects, parquetSchema } from 'hyparquet';
import { compressors } from 'hyparquet-compressors';
import { GroveError } from '../../domain/errors.ts';
import { parquetBuffer } from './file-parts.ts';
import { plainInteger, type Row, type RowQuery } from './row.ts';

/** Largest page that is decompressed; writers default to 1 MiB. Keeps a lying page header from filling memory. */
const MAX_PAGE_BYTES = 256 * 1024 * 1024;
/** Most bytes of column data read for one query, as the footer declares them. */
const MAX_READ_BYTES = 1024 * 1024 * 1024;

/**
 * Reads the first rows of a Parquet file, one row group at a time: only the row groups and columns asked for are touched.
 * Throws `invalid-data-file` when the file is not Parquet, damaged, too large to read or lacks a column.
 */
export async function* streamParquet(query: RowQuery): AsyncGenerator<Row> {
  try {
    const file = await parquetBuffer(query.file, query.parts);
    const metadata = await parquetMetadataAsync(file);
    const columns = queriedColumns(metadata, query);
    checkParquetQuery(metadata, columns, query);
    let rowStart = 0;
    for (const group of metadata.row_groups) {
      const rowEnd = Math.min(rowStart + Number(group.num_rows), query.limit);
      if (rowStart >= rowEnd) return;
      const rows: Row[] = await parquetReadObjects({ file, metadata, columns, rowStart, rowEnd, compressors: boundedCompressors });
      yield* rows.map(withPlainIntegers);
      rowStart = rowEnd;
    }
  } catch (cause) {
    throw invalidParquet(query.file, cause);
  }
}

const boundedCompressors: Compressors = Object.fromEntries(
  Object.entries(compressors).map(([codec, decompress]) => [
    codec,
    (input: Uint8Array, outputLength: number) => {
      if (outputLength > MAX_PAGE_BYTES) throw new RangeError(`a page declares ${outputLength} bytes, the limit is ${MAX_PAGE_BYTES}`);
      return decompress(input, outputLength);
    },
  ]),
);

/** Names of the top-level columns. */
function parquetColumns(metadata: FileMetaData): string[] {
  return parquetSchema(metadata).children.map((child) => child.element.name);
}

/** Columns to read: all of them, or those asked for and those that are there. */
export function queriedColumns(metadata: FileMetaData, { columns, optional = [] }: Pick<RowQuery, 'columns' | 'optional'>): string[] {
  const known = parquetColumns(metadata);
  return columns === undefined ? known : [...new Set([...columns, ...optional.filter((column) => known.includes(column))])];
}

/** Throws `invalid-data-file` when a column is missing or the rows asked for are too large to read. */
export function checkParquetQuery(
  metadata: FileMetaData,
  columns: readonly string[],
  query: { readonly file: string; readonly limit: number },
): void {
  const known = parquetColumns(metadata);
  const missing = columns.find((column) => !known.includes(column));
  if (missing !== undefined) throw invalidFile(query.file, `it has no column "${missing}"; it has ${known.slice(0, 20).join(', ')}`);
  const readBytes = declaredBytes(metadata, new Set(columns), query.limit);
  if (readBytes > MAX_READ_BYTES)
    throw invalidFile(query.file, `the rows asked for declare ${readBytes} bytes, the limit is ${MAX_READ_BYTES}`);
}

/** Uncompressed bytes of the asked columns in the row groups that hold the first `limit` rows. */
function declaredBytes(metadata: FileMetaData, columns: ReadonlySet<string>, limit: number): number {
  let rowsBefore = 0;
  let bytes = 0;
  for (const group of metadata.row_groups) {
    if (rowsBefore >= limit) break;
    rowsBefore += Number(group.num_rows);
    for (const { meta_data: chunk } of group.columns) {
      if (chunk !== undefined && columns.has(chunk.path_in_schema[0] ?? '')) bytes += Number(chunk.total_uncompressed_size);
    }
  }
  return bytes;
}

/** int64 values arrive as bigint, in lists and structs too; those that a number holds exactly become numbers, so that both formats give the same rows. */
function withPlainIntegers(row: Row): Row {
  return Object.fromEntries(Object.entries(row).map(([column, value]) => [column, plainIntegers(value)]));
}

function plainIntegers(value: unknown): unknown {
  if (typeof value === 'bigint') return plainInteger(value);
  if (Array.isArray(value)) return value.map(plainIntegers);
  const isStruct = typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype;
  return isStruct ? Object.fromEntries(Object.entries(value).map(([key, member]) => [key, plainIntegers(member)])) : value;
}

/** Whatever went wrong with a Parquet file, as its fault. */
export function invalidParquet(file: string, cause: unknown): GroveError {
  return cause instanceof GroveError ? cause : invalidFile(file, cause instanceof Error ? cause.message : String(cause), cause);
}

function invalidFile(file: string, problem: string, cause?: unknown): GroveError {
  return new GroveError('invalid-data-file', { file: basename(file), where: '', problem }, { cause });
}
