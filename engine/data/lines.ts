import { basename } from 'node:path';
import { GroveError } from '../../domain/errors.ts';
import { byteChunks } from './bytes.ts';

/** Longest line read, in bytes. */
export const MAX_LINE_BYTES = 16 * 1024 * 1024;
const NEWLINE = 0x0a;

/** A line of a file, counted from 1. */
export interface Place {
  readonly file: string;
  readonly lineNumber: number;
}

/** Lines of a UTF-8 file, without their end (`\n` or `\r\n`) and a byte order mark. The file closes when the consumer stops early. */
export async function* textLines(file: string): AsyncGenerator<{ readonly text: string; readonly place: Place }> {
  let lineNumber = 0;
  for await (const line of byteLines(file)) {
    lineNumber += 1;
    const place = { file, lineNumber };
    yield { text: decode(line, place).replace(/\r$/, ''), place };
  }
}

async function* byteLines(file: string): AsyncGenerator<Buffer> {
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

/** Decodes strictly; the decoder also drops a byte order mark. */
function decode(line: Buffer, place: Place): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(line);
  } catch (cause) {
    throw invalidLine(place, 'it is not UTF-8 text', cause);
  }
}

export function invalidLine({ file, lineNumber }: Place, problem: string, cause?: unknown): GroveError {
  return new GroveError('invalid-data-file', { file: basename(file), where: ` line ${lineNumber}`, problem }, { cause });
}
