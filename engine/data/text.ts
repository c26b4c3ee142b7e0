import { basename } from 'node:path';
import { GroveError } from '../../domain/errors.ts';
import { textLines } from './lines.ts';
import type { Row, RowQuery } from './row.ts';

/** The one column of a text file, as Hugging Face's `text` loader names it. */
const TEXT_COLUMN = 'text';

/** Reads the first lines of a UTF-8 text file, each a row with the column `text`; empty lines are rows too. Throws `invalid-data-file`. */
export async function* streamText(query: RowQuery): AsyncGenerator<Row> {
  const other = query.columns?.find((column) => column !== TEXT_COLUMN);
  if (other !== undefined) {
    const problem = `it has no column "${other}"; the lines of a text file are its column "${TEXT_COLUMN}"`;
    throw new GroveError('invalid-data-file', { file: basename(query.file), where: '', problem });
  }
  let rowCount = 0;
  for await (const { text } of textLines(query.file)) {
    yield { [TEXT_COLUMN]: text };
    if (++rowCount >= query.limit) return;
  }
}
