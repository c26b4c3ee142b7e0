import type { Matrix } from '../../../domain/matrix.ts';
import { matrixRecords } from '../../../domain/matrix-records.ts';

/** The matrix as CSV (RFC 4180), one record a cell. A field that a spreadsheet would run as a formula is text. */
export function renderCsv(matrix: Matrix): string {
  const records = matrixRecords(matrix);
  const [first] = records;
  if (first === undefined) return '';
  const lines = [Object.keys(first), ...records.map((record) => Object.values(record))];
  return lines.map((values) => `${values.map(field).join(',')}\r\n`).join('');
}

function field(value: string | number | boolean | null): string {
  if (value === null) return '';
  if (typeof value !== 'string') return String(value);
  const safe = /^[=+\-@\t\r]/.test(value) ? `'${value}` : value;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}
