import { type ColumnMetaData, type FileMetaData, parquetMetadataAsync } from 'hyparquet';
import { z } from 'zod';
import { type ByteRange, byteRangeSchema, filePartsSchema, parquetBuffer } from './file-parts.ts';
import { checkParquetQuery, invalidParquet, queriedColumns } from './parquet.ts';
import { MAX_ROWS } from './row.ts';

/** A file of which only the end need be there yet: its footer says where everything else lies. */
export const parquetPlanRequestSchema = z.strictObject({
  /** Absolute path. */
  file: z.string().min(1),
  /** What it holds. */
  parts: filePartsSchema,
  /** None: all of them. */
  columns: z.array(z.string()).max(1_000),
  /** Columns that count where the file has them. */
  optional: z.array(z.string()).max(1_000).default([]),
  /** Rows wanted, from the start. */
  limit: z.int().min(1).max(MAX_ROWS),
});
export type ParquetPlanRequest = z.infer<typeof parquetPlanRequestSchema>;

/** Which bytes hold the wanted rows. */
export const parquetPlanSchema = z.strictObject({
  /** Bytes `from` (inclusive) to `to` (exclusive), in order, none overlapping another. */
  ranges: z.array(byteRangeSchema).max(100_000),
  /** Rows of the whole file. */
  rows: z.int().min(0),
});
export type ParquetPlan = z.infer<typeof parquetPlanSchema>;

/** Gaps up to this size are read with what is around them: a request costs more than they do. */
const MAX_GAP_BYTES = 256 * 1024;

/**
 * Reads the footer of a Parquet file and names the bytes that the first `limit` rows of some columns need: the column chunks of their row groups. Throws
 * `invalid-data-file` as reading the file would.
 */
export async function planParquetRead(request: ParquetPlanRequest): Promise<ParquetPlan> {
  try {
    const metadata = await parquetMetadataAsync(await parquetBuffer(request.file, request.parts));
    const { columns: asked, optional } = request;
    const columns = queriedColumns(metadata, asked.length === 0 ? {} : { columns: asked, optional });
    checkParquetQuery(metadata, columns, request);
    const chunks = neededChunks(metadata, new Set(columns), request.limit).map((chunk) => placeOf(chunk, request.parts.sizeBytes));
    return { ranges: joined(chunks), rows: Number(metadata.num_rows) };
  } catch (cause) {
    throw invalidParquet(request.file, cause);
  }
}

function neededChunks(metadata: FileMetaData, columns: ReadonlySet<string>, limit: number): readonly ColumnMetaData[] {
  const chunks: ColumnMetaData[] = [];
  let rowsBefore = 0;
  for (const group of metadata.row_groups) {
    if (rowsBefore >= limit) break;
    rowsBefore += Number(group.num_rows);
    for (const { meta_data: chunk } of group.columns)
      if (chunk !== undefined && columns.has(chunk.path_in_schema[0] ?? '')) chunks.push(chunk);
  }
  return chunks;
}

/** A chunk begins with its dictionary, when it has one. */
function placeOf({ dictionary_page_offset, data_page_offset, total_compressed_size }: ColumnMetaData, sizeBytes: number): ByteRange {
  // Some writers note offset 0 for "no dictionary"; nothing lies there but the magic number.
  const from = Number(dictionary_page_offset === undefined || dictionary_page_offset === 0n ? data_page_offset : dictionary_page_offset);
  const to = from + Number(total_compressed_size);
  if (from < 4 || to <= from || to > sizeBytes) throw new RangeError(`a column chunk claims bytes ${from} to ${to} of ${sizeBytes}`);
  return { from, to };
}

function joined(ranges: readonly ByteRange[]): ByteRange[] {
  const result: ByteRange[] = [];
  for (const range of [...ranges].sort((a, b) => a.from - b.from)) {
    const last = result.at(-1);
    if (last !== undefined && range.from - last.to <= MAX_GAP_BYTES)
      result[result.length - 1] = { from: last.from, to: Math.max(last.to, range.to) };
    else result.push(range);
  }
  return result;
}
