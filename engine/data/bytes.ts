import { createReadStream } from 'node:fs';
import { basename } from 'node:path';
import { GroveError } from '../../domain/errors.ts';

/** Most bytes read for one query: rows are held in memory. */
const MAX_READ_BYTES = 1024 * 1024 * 1024;

/** The bytes of a local file from its start, as they are read. Throws `invalid-data-file` when it cannot be read or more is read than a query may. */
export async function* byteChunks(file: string): AsyncGenerator<Buffer> {
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
