import type { Readable } from 'node:stream';
import { StringDecoder } from 'node:string_decoder';

/** Thrown by {@link readLines} when a line exceeds its bound. */
export class LineTooLongError extends Error {
  override readonly name = 'LineTooLongError';
}

/**
 * Complete lines of a UTF-8 stream without their ends (`\n` or `\r\n`); a last line without an end counts. Memory is bounded by `maxChars` plus one chunk.
 * Throws {@link LineTooLongError} for a longer line; a stream that breaks simply ends, because the process behind it tells why by its exit.
 */
export async function* readLines(stream: Readable, maxChars: number): AsyncGenerator<string, void, undefined> {
  const decoder = new StringDecoder('utf8');
  let rest = '';
  for await (const chunk of chunksUntilBroken(stream)) {
    rest += decoder.write(chunk);
    let end = rest.indexOf('\n');
    while (end >= 0) {
      yield bounded(withoutReturn(rest.slice(0, end)), maxChars);
      rest = rest.slice(end + 1);
      end = rest.indexOf('\n');
    }
    bounded(rest, maxChars);
  }
  rest += decoder.end();
  if (rest !== '') yield bounded(withoutReturn(rest), maxChars);
}

async function* chunksUntilBroken(stream: Readable): AsyncGenerator<Buffer, void, undefined> {
  try {
    yield* stream as AsyncIterable<Buffer>;
  } catch (error) {
    if (error instanceof LineTooLongError) throw error;
  }
}

function withoutReturn(line: string): string {
  return line.endsWith('\r') ? line.slice(0, -1) : line;
}

function bounded(line: string, maxChars: number): string {
  if (line.length > maxChars) throw new LineTooLongError(`a line is longer than ${maxChars} characters`);
  return line;
}
