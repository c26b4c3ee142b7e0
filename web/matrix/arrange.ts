import {
  type Cell,
  type CellState,
  cellsInList,
  columnText,
  type Matrix,
  type MatrixColumn,
  type MatrixRow,
  rowText,
  STATE_SIGNS,
} from '../../api/words.ts';
import type { MatrixView } from './view.ts';

/** One line of the grid. */
export type Line =
  | { readonly kind: 'group'; readonly title: string; readonly rows: number }
  | { readonly kind: 'row'; readonly row: MatrixRow; readonly cells: readonly (Cell | null)[] };

/** What a view shows of a matrix. */
export interface Arrangement {
  readonly columns: readonly MatrixColumn[];
  readonly lines: readonly Line[];
  /** Cells shown, and cells that there are. */
  readonly shown: number;
  readonly total: number;
}

/** How far back the lists look. */
export const LIST_DAYS = 7;

/** States from what has to be looked at first to what needs nothing. */
export const WORST_FIRST: readonly CellState[] = [
  'regressed',
  'fell-back',
  'quality',
  'failed',
  'exception',
  'noisy',
  'insufficient',
  'unsupported',
  'running',
  'waiting',
  'improved',
  'ok',
  'missing',
];
const SEVERITY = new Map(WORST_FIRST.map((state, index) => [state, index]));

/** Chooses, orders and groups the cells of a matrix. Rows and columns without a chosen cell are left out. */
export function arrange(matrix: Matrix, view: MatrixView): Arrangement {
  const isChosen = chooser(matrix, view);
  const total = matrix.cells.reduce((sum, cells) => sum + cells.filter((cell) => cell !== null).length, 0);
  const chosen = matrix.rows.map((row, rowIndex) => ({
    row,
    cells: matrix.columns.map((column, columnIndex) => {
      const cell = matrix.cells[rowIndex]?.[columnIndex] ?? null;
      return cell !== null && isChosen(row, column, cell) ? cell : null;
    }),
  }));
  const isFiltered = view.words.trim() !== '' || view.states.length > 0 || view.classes.length > 0 || view.list !== null;
  const kept = matrix.columns.flatMap((_, index) => (!isFiltered || chosen.some(({ cells }) => cells[index] !== null) ? [index] : []));
  const rows = chosen
    .filter(({ cells }) => !isFiltered || cells.some((cell) => cell !== null))
    .map(({ row, cells }) => ({ row, cells: kept.map((index) => cells[index] ?? null) }));
  const columns = kept.flatMap((index) => matrix.columns[index] ?? []);
  const shown = rows.reduce((sum, { cells }) => sum + cells.filter((cell) => cell !== null).length, 0);
  return { columns, lines: grouped(sorted(rows, columns, view), view), shown, total };
}

type Chooser = (row: MatrixRow, column: MatrixColumn, cell: Cell) => boolean;

function chooser(matrix: Matrix, { words, states, classes, list }: MatrixView): Chooser {
  const asked = words.toLowerCase().split(/\s+/).filter(Boolean);
  const listed = list === null ? null : new Set(cellsInList(matrix, list, LIST_DAYS).map(({ cell }) => cell.id));
  const textOfRow = remembered((row: MatrixRow) =>
    [row.modelId, row.recipeId, rowText(row).name, row.title, row.target].join(' ').toLowerCase(),
  );
  const textOfColumn = remembered((column: MatrixColumn) =>
    [columnText(column).device, columnText(column).detail, column.deviceClass, ...column.units].join(' ').toLowerCase(),
  );
  return (row, column, cell) => {
    if (states.length > 0 && !states.includes(cell.state)) return false;
    if (classes.length > 0 && !classes.includes(column.deviceClass)) return false;
    if (listed !== null && !listed.has(cell.id)) return false;
    if (asked.length === 0) return true;
    const own = [STATE_SIGNS[cell.state].label, ...cell.badges, cell.reason, cell.code ?? ''].join(' ').toLowerCase();
    return asked.every((word) => textOfRow(row).includes(word) || textOfColumn(column).includes(word) || own.includes(word));
  };
}

function remembered<K extends object>(compute: (key: K) => string): (key: K) => string {
  const known = new Map<K, string>();
  return (key) => {
    const value = known.get(key) ?? compute(key);
    known.set(key, value);
    return value;
  };
}

interface ChosenRow {
  readonly row: MatrixRow;
  readonly cells: readonly (Cell | null)[];
}

function sorted(rows: readonly ChosenRow[], columns: readonly MatrixColumn[], { sort, descending }: MatrixView): readonly ChosenRow[] {
  const direction = descending ? -1 : 1;
  if (sort === 'catalogue') return descending ? [...rows].reverse() : rows;
  if (sort === 'name') {
    return [...rows].sort((a, b) => direction * rowText(a.row).name.localeCompare(rowText(b.row).name, 'en', { numeric: true }));
  }
  if (sort === 'worst') return [...rows].sort((a, b) => direction * (severityOf(a.cells) - severityOf(b.cells)));
  const index = columns.findIndex(({ id }) => id === sort);
  return index < 0 ? rows : [...rows].sort((a, b) => byLatency(a.cells[index], b.cells[index], direction));
}

/** What has no number comes last, in either direction. */
function byLatency(a: Cell | null | undefined, b: Cell | null | undefined, direction: number): number {
  const left = a?.p50Ms?.value;
  const right = b?.p50Ms?.value;
  if (left === undefined || right === undefined) return Number(left === undefined) - Number(right === undefined);
  return direction * (left - right);
}

function severityOf(cells: readonly (Cell | null)[]): number {
  return Math.min(...cells.map((cell) => (cell === null ? WORST_FIRST.length : (SEVERITY.get(cell.state) ?? WORST_FIRST.length))));
}

function grouped(rows: readonly ChosenRow[], { group }: MatrixView): readonly Line[] {
  const lineOf = ({ row, cells }: ChosenRow): Line => ({ kind: 'row', row, cells });
  if (group === 'none') return rows.map(lineOf);
  const groups = new Map<string, ChosenRow[]>();
  for (const chosen of rows) {
    const title = group === 'model' ? chosen.row.modelId : rowText(chosen.row).target;
    groups.set(title, [...(groups.get(title) ?? []), chosen]);
  }
  return [...groups].flatMap(([title, members]) => [{ kind: 'group' as const, title, rows: members.length }, ...members.map(lineOf)]);
}
