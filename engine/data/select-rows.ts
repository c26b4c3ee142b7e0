import { appendFile } from 'node:fs/promises';
import { z } from 'zod';
import { readRows } from './data-source.ts';
import { filePartsSchema } from './file-parts.ts';
import { MAX_ROWS, plainInteger } from './row.ts';

/** Which rows and columns of a local data file to keep, and where. */
export const selectRowsRequestSchema = z.strictObject({
  /** Absolute path of a data file. */
  file: z.string().min(1),
  /** Of a Parquet file that is here in parts: which. */
  parts: filePartsSchema.exactOptional(),
  /** Columns that every row must have; the others are dropped. */
  columns: z.array(z.string()).max(1_000),
  /** Columns that are kept where the file has them. */
  optional: z.array(z.string()).max(1_000).default([]),
  /** Rows kept at most, from the start of the file. */
  limit: z.int().min(1).max(MAX_ROWS),
  /** Absolute path of the JSON Lines file they are appended to; its folder exists. */
  outFile: z.string().min(1),
});
export type SelectRowsRequest = z.infer<typeof selectRowsRequestSchema>;

/** Appends the selected rows as JSON Lines and returns how many there are. Throws `invalid-data-file`. */
export async function selectRows({ outFile, ...query }: SelectRowsRequest): Promise<number> {
  const rows = await readRows(query);
  await appendFile(outFile, rows.map((row) => `${JSON.stringify(row, withoutBigInts)}\n`).join(''));
  return rows.length;
}

/** JSON cannot hold a BigInt. */
function withoutBigInts(_: string, value: unknown): unknown {
  return typeof value === 'bigint' ? plainInteger(value) : value;
}
