import { invalidLine, type Place, textLines } from './lines.ts';
import { keepColumns, missingColumn, type Row, type RowQuery } from './row.ts';

/**
 * Reads the first rows of a JSON Lines file as they are asked for: one object a line, UTF-8, blank lines ignored. The file is read no further than the
 * last row asked for.
 * Throws `invalid-data-file` naming the line when a line is too long, not UTF-8, not a JSON object or lacks a column.
 */
export async function* streamJsonLines(query: RowQuery): AsyncGenerator<Row> {
  let rowCount = 0;
  for await (const { text, place } of textLines(query.file)) {
    const row = parseLine(text.trim(), query, place);
    if (row === undefined) continue;
    yield row;
    if (++rowCount >= query.limit) return;
  }
}

function parseLine(text: string, query: RowQuery, place: Place): Row | undefined {
  if (text === '') return undefined;
  const value = parseJson(text, place);
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw invalidLine(place, 'a line must hold one JSON object');
  }
  const row: Row = { ...value };
  const missing = missingColumn(row, query);
  if (missing !== undefined) throw invalidLine(place, `it has no column "${missing}"; it has ${Object.keys(row).slice(0, 20).join(', ')}`);
  return keepColumns(row, query);
}

function parseJson(text: string, place: Place): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw invalidLine(place, cause instanceof Error ? cause.message : String(cause), cause);
  }
}
