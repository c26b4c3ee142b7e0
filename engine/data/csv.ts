import { basename } from 'node:path';
import { Readable } from 'node:stream';
import { CsvError, type Parser, parse } from 'csv-parse';
import { z } from 'zod';
import { GroveError } from '../../domain/errors.ts';
import { byteChunks } from './bytes.ts';
import { keepColumns, missingColumn, type Row, type RowQuery } from './row.ts';

/** Longest record, in bytes. */
const MAX_RECORD_BYTES = 16 * 1024 * 1024;

const record = z.record(z.string(), z.string());

/**
 * Reads, as they are asked for, the first records of a CSV or TSV file whose first line names the columns (RFC 4180, UTF-8). Every cell is text, numbers included. The file is read
 * no further than needed. Throws `invalid-data-file` with the line.
 */
export async function* streamCsv(query: RowQuery, delimiter: ',' | '\t'): AsyncGenerator<Row> {
  const options = { columns: uniqueNames, delimiter, max_record_size: MAX_RECORD_BYTES, skip_empty_lines: true, to: query.limit };
  const source = Readable.from(decoded(query.file));
  const records = parse(options);
  feed(source, records);
  try {
    for await (const value of records) yield pick(record.parse(value), query);
  } catch (cause) {
    if (cause instanceof GroveError) throw cause;
    const where = cause instanceof CsvError && typeof cause['lines'] === 'number' ? ` line ${cause['lines']}` : '';
    throw invalid(query.file, where, cause instanceof Error ? cause.message : String(cause));
  } finally {
    source.destroy();
    records.destroy();
  }
}

/** Not `pipe`: the parser ends itself behind the last record asked for, and what is piped into it then is an error. */
function feed(source: Readable, records: Parser): void {
  source.on('data', (text: string) => {
    if (records.writableEnded) source.destroy();
    else if (!records.write(text)) {
      source.pause();
      records.once('drain', () => source.resume());
    }
  });
  source.once('end', () => records.writableEnded || records.end());
  source.once('error', (error) => records.destroy(error));
}

/** Two columns of one name would leave only the second. */
function uniqueNames(names: readonly string[]): string[] {
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice !== undefined) throw new Error(`column "${twice}" stands twice in its first line`);
  return [...names];
}

async function* decoded(file: string): AsyncGenerator<string> {
  const decoder = new TextDecoder('utf-8', { fatal: true });
  for await (const chunk of byteChunks(file)) yield decode(chunk);
  yield decode();

  function decode(chunk?: Buffer): string {
    try {
      return decoder.decode(chunk, { stream: chunk !== undefined });
    } catch {
      throw invalid(file, '', 'it is not UTF-8 text');
    }
  }
}

function pick(row: Readonly<Record<string, string>>, query: RowQuery): Row {
  const missing = missingColumn(row, query);
  if (missing !== undefined)
    throw invalid(query.file, '', `it has no column "${missing}"; it has ${Object.keys(row).slice(0, 20).join(', ')}`);
  return keepColumns(row, query);
}

function invalid(file: string, where: string, problem: string): GroveError {
  return new GroveError('invalid-data-file', { file: basename(file), where, problem });
}
