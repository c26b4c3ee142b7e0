import { open, stat } from 'node:fs/promises';
import { basename, extname } from 'node:path';
import { GroveError } from '../../domain/errors.ts';
import { streamJsonLines } from './jsonl.ts';
import { MAX_ROWS, type Row, type RowQuery } from './row.ts';
import { streamText } from './text.ts';

const PARQUET_MAGIC = 'PAR1';

/** Formats that nothing in the content tells apart. */
const BY_EXTENSION: Readonly<Record<string, (query: RowQuery) => AsyncGenerator<Row>>> = {
  '.csv': (query) => separated(query, ','),
  '.tsv': (query) => separated(query, '\t'),
  '.txt': streamText,
};

/**
 * Reads the first rows of a local data file as they are asked for: CSV, TSV and plain text by the extension of its name, else Parquet or JSON Lines by
 * content (Parquet starts with `PAR1`, JSON Lines with `{`). Throws `invalid-data-file` with the line or the reason.
 */
export async function* streamRows(query: RowQuery): AsyncGenerator<Row> {
  if (!Number.isInteger(query.limit) || query.limit < 1 || query.limit > MAX_ROWS) {
    throw new RangeError(`the row limit must be 1 to ${MAX_ROWS}, not ${query.limit}`);
  }
  if (query.parts !== undefined) return yield* parquet(query);
  const start = await readStart(query.file);
  if (start.startsWith(PARQUET_MAGIC)) return yield* parquet(query);
  const stream = BY_EXTENSION[extname(query.file).toLowerCase()];
  if (stream !== undefined && start !== '') return yield* stream(query);
  if (start.trimStart().startsWith('{')) return yield* streamJsonLines(query);
  const problem =
    start === ''
      ? 'it is empty'
      : 'it is neither JSON Lines (every line an object) nor Parquet, and its name does not end in .csv, .tsv or .txt';
  throw new GroveError('invalid-data-file', { file: basename(query.file), where: '', problem });
}

/** Readers with libraries of their own are loaded for the files that need them: 50 modules that most conversions do without. */
async function* separated(query: RowQuery, separator: ',' | '\t'): AsyncGenerator<Row> {
  const { streamCsv } = await import('./csv.ts');
  yield* streamCsv(query, separator);
}

async function* parquet(query: RowQuery): AsyncGenerator<Row> {
  const { streamParquet } = await import('./parquet.ts');
  yield* streamParquet(query);
}

/** All rows of {@link streamRows} at once. */
export async function readRows(query: RowQuery): Promise<Row[]> {
  const rows: Row[] = [];
  for await (const row of streamRows(query)) rows.push(row);
  return rows;
}

/** The first characters of the file, without a byte order mark. */
async function readStart(file: string): Promise<string> {
  try {
    // Before opening: to open a named pipe would wait for its writer.
    if (!(await stat(file)).isFile()) throw new Error('it is not a file');
    const handle = await open(file, 'r');
    try {
      const { buffer, bytesRead } = await handle.read({ buffer: Buffer.alloc(256), position: 0 });
      return new TextDecoder().decode(buffer.subarray(0, bytesRead));
    } finally {
      await handle.close();
    }
  } catch (cause) {
    const problem = cause instanceof Error ? cause.message : String(cause);
    throw new GroveError('invalid-data-file', { file: basename(file), where: '', problem }, { cause });
  }
}
