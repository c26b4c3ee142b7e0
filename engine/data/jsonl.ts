import { createReadStream } from 'node:fs';
import { basename } from 'node:path';
import { GroveError } from '../../domain/errors.ts';
import type { Row, RowQuery } from './row.ts';

/** Longest line read, in bytes. */
export const MAX_LINE_BYTES = 16 * 1024 * 1024;
/** Most bytes read for one query. */
const MAX_READ_BYTES = 1024 * 1024 * 1024;
const NEWLINE = 0x0a;

/** A line of a file, counted from 1. */
interface Place {
  readonly file: string;
  readonly lineNumber: number;
}

/**
 * Reads the first rows of a JSON Lines file as they are asked for: one object a line, UTF-8, blank lines ignored. The file is read no further than the
 * last row asked for.
 * Throws `invalid-data-file` naming the line when a line is too long, not UTF-8, not a JSON object or lacks a column.
 */
export async function* streamJsonLines(query: RowQuery): AsyncGenerator<Row> {
  let rowCount = 0;
  let lineNumber = 0;
  for await (const line of lines(query.file)) {
    lineNumber += 1;
    const row = parseLine(line, query.columns, { file: query.file, lineNumber });
    if (row === undefined) continue;
    yield row;
    if (++rowCount >= query.limit) return;
  }
}

/** Lines as bytes, without their newline. The stream closes when the consumer stops early. */
async function* lines(file: string): AsyncGenerator<Buffer> {
  let pending: Buffer[] = [];
  let pendingBytes = 0;
  let lineNumber = 1;
  for await (const chunk of byteChunks(file)) {
    let start = 0;
    for (let end = chunk.indexOf(NEWLINE); end !== -1; end = chunk.indexOf(NEWLINE, start)) {
      yield Buffer.concat([...pending, chunk.subarray(start, end)]);
      pending = [];
      pendingBytes = 0;
      lineNumber += 1;
      start = end + 1;
    }
    pending.push(chunk.subarray(start));
    pendingBytes += chunk.length - start;
    if (pendingBytes > MAX_LINE_BYTES) throw invalidLine({ file, lineNumber }, `the line is longer than ${MAX_LINE_BYTES} bytes`);
  }
  if (pendingBytes > 0) yield Buffer.concat(pending);
}

async function* byteChunks(file: string): AsyncGenerator<Buffer> {
  let bytesRead = 0;
  try {
    for await (const chunk of createReadStream(file)) {
      const bytes = Buffer.from(chunk);
      bytesRead += bytes.length;
      if (bytesRead > MAX_READ_BYTES) throw new RangeError(`the rows asked for take more than ${MAX_READ_BYTES} bytes`);
      yield bytes;
    }
  } catch (cause) {
    if (cause instanceof GroveError) throw cause;
    const problem = cause instanceof Error ? cause.message : String(cause);
    throw new GroveError('invalid-data-file', { file: basename(file), where: '', problem }, { cause });
  }
}

function parseLine(line: Buffer, columns: readonly string[] | undefined, place: Place): Row | undefined {
  const text = decode(line, place).trim();
  if (text === '') return undefined;
  const value = parseJson(text, place);
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw invalidLine(place, 'a line must hold one JSON object');
  }
  const row: Row = { ...value };
  return columns === undefined ? row : pick(row, columns, place);
}

/** Decodes strictly; the decoder also drops a byte order mark. */
function decode(line: Buffer, place: Place): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(line);
  } catch (cause) {
    throw invalidLine(place, 'it is not UTF-8 text', cause);
  }
}

function parseJson(text: string, place: Place): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw invalidLine(place, cause instanceof Error ? cause.message : String(cause), cause);
  }
}

function pick(row: Row, columns: readonly string[], place: Place): Row {
  const missing = columns.find((column) => !Object.hasOwn(row, column));
  if (missing !== undefined) throw invalidLine(place, `it has no column "${missing}"; it has ${Object.keys(row).slice(0, 20).join(', ')}`);
  return Object.fromEntries(columns.map((column) => [column, row[column]]));
}

function invalidLine({ file, lineNumber }: Place, problem: string, cause?: unknown): GroveError {
  return new GroveError('invalid-data-file', { file: basename(file), where: ` line ${lineNumber}`, problem }, { cause });
}
