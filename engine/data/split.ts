import { MAX_ROWS } from './row.ts';

/** Rows `from` (inclusive) to `to` (exclusive), counted from 0. */
export interface RowRange {
  readonly from: number;
  readonly to: number;
}

/**
 * The rows a Hugging Face split name selects: `validation` is everything, `train[:300]` the first 300 rows, `train[10:20]` ten.
 * Undefined for forms that need the length of the split (percentages, negative numbers) and for several splits joined with `+`.
 */
export function rowRange(split: string): RowRange | undefined {
  const match = /^[\w.-]+(?:\[(\d*):(\d*)\])?$/.exec(split);
  if (match === null) return undefined;
  const from = match[1] ? Number(match[1]) : 0;
  const to = match[2] ? Number(match[2]) : MAX_ROWS;
  return from <= to ? { from, to: Math.min(to, MAX_ROWS) } : undefined;
}
