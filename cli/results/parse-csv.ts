import { CsvError, parse } from 'csv-parse/sync';
import { z } from 'zod';
import { MAX_RESULTS } from '../../api/imports.ts';
import { type DraftResult, LineError, numberIn, type ResultFacts } from './result-facts.ts';

/** Columns that hold text, and the member each one fills. */
const TEXTS = {
  model: 'modelId',
  variant: 'variant',
  device: 'deviceModel',
  device_class: 'deviceClass',
  ep: 'ep',
  ort_version: 'ortVersion',
} as const;
const NUMBERS = {
  p50_ms: 'latencyMs',
  min_ms: 'minMs',
  max_ms: 'maxMs',
  p90_ms: 'p90Ms',
  p99_ms: 'p99Ms',
  samples: 'samples',
  throughput: 'throughputPerSecond',
} as const;
const COLUMNS = [...Object.keys(TEXTS), ...Object.keys(NUMBERS), 'mean_ms'];

const rowsSchema = z.array(z.object({ record: z.record(z.string(), z.string()), info: z.object({ lines: z.number() }) }));

/** A CSV file whose first line names columns: one result a line. Throws LineError for a column nobody knows and a cell that is no number. */
export function parseCsvResults(text: string, facts: ResultFacts): readonly DraftResult[] {
  const rows = readRows(text);
  if (rows.length === 0) throw new LineError('it has no rows');
  if (rows.length > MAX_RESULTS) throw new LineError(`it has ${rows.length} rows; at most ${MAX_RESULTS} at a time`);
  return rows.map(({ record, info }) => ({ line: info.lines, result: { ...facts, ...rowResult(record, info.lines), tool: 'csv' } }));
}

function readRows(text: string): z.infer<typeof rowsSchema> {
  try {
    return rowsSchema.parse(
      parse(text, { columns: knownColumns, skip_empty_lines: true, trim: true, info: true, max_record_size: 1_048_576 }),
    );
  } catch (cause) {
    if (cause instanceof CsvError) throw new LineError(cause.message, typeof cause['lines'] === 'number' ? cause['lines'] : undefined);
    throw cause;
  }
}

function knownColumns(header: string[]): string[] {
  const names = header.map((name) => name.toLowerCase());
  const odd = names.find((name, index) => !COLUMNS.includes(name) || names.indexOf(name) !== index);
  if (odd !== undefined)
    throw new LineError(`column "${odd.slice(0, 40)}" is unknown or stands there twice; known are ${COLUMNS.join(', ')}`, 1);
  return names;
}

function rowResult(record: Readonly<Record<string, string>>, line: number): DraftResult['result'] {
  const given = (column: string) => (record[column] === undefined || record[column] === '' ? undefined : record[column]);
  const texts = Object.entries(TEXTS).flatMap(([column, member]) => (given(column) === undefined ? [] : [[member, given(column)]]));
  const numbers = Object.entries(NUMBERS).flatMap(([column, member]) => {
    const text = given(column);
    return text === undefined ? [] : [[member, numberIn(text, column, line)]];
  });
  const mean = given('mean_ms');
  const isMean = given('p50_ms') === undefined && mean !== undefined;
  return { ...Object.fromEntries([...texts, ...numbers]), ...(isMean && { latencyMs: numberIn(mean, 'mean_ms', line), isMean }) };
}
