import type { FileParts } from './file-parts.ts';

/** Most rows any caller may ask for: evaluation and calibration need thousands at most. */
export const MAX_ROWS = 1_000_000;

/** One row of a data file: column name to value. Nested values stay as the file holds them. */
export type Row = Readonly<Record<string, unknown>>;

/** An integer as a number where a number holds it exactly, else its decimal digits. */
export function plainInteger(value: bigint): number | string {
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : String(value);
}

/** Which rows and columns to read from a local file. */
export interface RowQuery {
  /** Absolute path. */
  readonly file: string;
  /** Of a Parquet file that is here in parts: which. Default: all of it. */
  readonly parts?: FileParts;
  /** Columns that every row must have; the others are dropped. Default: all columns. */
  readonly columns?: readonly string[];
  /** Columns that are kept where the file has them, beside `columns`. */
  readonly optional?: readonly string[];
  /** Read at most this many rows, from the start of the file. */
  readonly limit: number;
}

/** The first column of a query that a row lacks. */
export function missingColumn(row: Row, { columns = [] }: Pick<RowQuery, 'columns'>): string | undefined {
  return columns.find((column) => !Object.hasOwn(row, column));
}

/** A row with the columns of a query only. */
export function keepColumns(row: Row, { columns, optional = [] }: Pick<RowQuery, 'columns' | 'optional'>): Row {
  if (columns === undefined) return row;
  const kept = [...columns, ...optional.filter((column) => Object.hasOwn(row, column))];
  return Object.fromEntries(kept.map((column) => [column, row[column]]));
}
