import type { Cell, Matrix } from '../../../domain/matrix.ts';

/** A cell never changes: its text is made once. */
const texts = new WeakMap<Cell, string>();

/** The matrix as JSON. Of a matrix that was written before only the cells that are new cost anything. */
export function renderJson({ cells, ...rest }: Matrix): string {
  const rows = cells.map((row) => `[${row.map((cell) => (cell === null ? 'null' : textOf(cell))).join(',')}]`);
  return `${JSON.stringify(rest).slice(0, -1)},"cells":[${rows.join(',')}]}`;
}

function textOf(cell: Cell): string {
  const known = texts.get(cell) ?? JSON.stringify(cell);
  texts.set(cell, known);
  return known;
}
