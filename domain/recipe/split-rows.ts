/** Rows of one split: `start` included, `end` excluded, null means to the end. */
export interface SplitRows {
  readonly split: string;
  readonly start: number;
  readonly end: number | null;
}

const SLICED = /^([A-Za-z0-9_.-]+)(?:\[(\d{0,12}):(\d{0,12})\])?$/;

/** Reads `validation`, `train[:300]`, `train[100:200]`. Undefined for forms Grove does not read (percent slices, sums of splits). */
export function splitRows(split: string): SplitRows | undefined {
  const match = SLICED.exec(split);
  if (match === null) return undefined;
  const [, name = '', start, end] = match;
  const rows = { split: name, start: Number(start || 0), end: end ? Number(end) : null };
  return rows.end !== null && rows.end < rows.start ? undefined : rows;
}
