import type { CellState } from './cell-state.ts';
import type { Cell, Matrix, MatrixColumn, MatrixRow } from './matrix.ts';

/** Cells that somebody should look at, by why. */
export const MATRIX_LISTS = [
  'new',
  'missing-since',
  'newly-failing',
  'regressed',
  'improved',
  'fallback-changed',
  'quality-failed',
  'stale',
] as const;
export type MatrixListName = (typeof MATRIX_LISTS)[number];

/** What each list holds. */
export const LIST_MEANINGS: Readonly<Record<MatrixListName, string>> = {
  new: 'measured for the first time within the days asked for',
  'missing-since': 'measured before, but not within the days asked for',
  'newly-failing': 'bad now and good within the days asked for',
  regressed: 'slower than its baseline, or than its previous result',
  improved: 'faster than its baseline, or than its previous result',
  'fallback-changed': 'other heavy nodes run off the execution provider than in the result before',
  'quality-failed': 'outputs differ from the reference by more than the bound',
  stale: "the device's environment has changed since",
};

const DAY_MS = 86_400_000;
const BAD: ReadonlySet<CellState> = new Set(['failed', 'exception', 'unsupported', 'fell-back', 'quality']);

/** A cell with its place. */
export interface ListedCell {
  readonly row: MatrixRow;
  readonly column: MatrixColumn;
  readonly cell: Cell;
}

/** Every cell of a matrix with its place, row by row. */
export function listedCells({ rows, columns, cells }: Matrix): readonly ListedCell[] {
  return rows.flatMap((row, rowIndex) =>
    columns.flatMap((column, columnIndex) => {
      const cell = cells[rowIndex]?.[columnIndex] ?? null;
      return cell === null ? [] : [{ row, column, cell }];
    }),
  );
}

/** The cells of one list; `days` is how far back new, missing and newly failing look. */
export function cellsInList(matrix: Matrix, name: MatrixListName, days: number): readonly ListedCell[] {
  const since = matrix.generatedAt - days * DAY_MS;
  return listedCells(matrix).filter(({ cell }) => isIn(cell, name, since));
}

function isIn({ state, badges, history, quality, provenance: { measuredAt } }: Cell, name: MatrixListName, since: number): boolean {
  switch (name) {
    case 'new':
      return history.firstAt !== null && history.firstAt >= since;
    case 'missing-since':
      return measuredAt === null ? history.lastGood !== null && history.lastGood.at < since : measuredAt < since;
    case 'newly-failing':
      return BAD.has(state) && history.lastGood !== null && history.lastGood.at >= since;
    case 'regressed':
    case 'improved':
      return state === name;
    case 'fallback-changed':
      return history.fallback !== null;
    case 'quality-failed':
      return state === 'quality' || (quality?.state === 'measured' && !quality.passed);
    case 'stale':
      return badges.includes('stale');
  }
}
