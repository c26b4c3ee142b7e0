import type { Matrix, MatrixColumn, MatrixRow } from '../../domain/matrix.ts';
import { columnIdOf, type FoldedCell } from './fold.ts';
import type { DescribeRow } from './layout.ts';

const CLASS_ORDER = ['npu', 'gpu', 'cpu'];

/** All cells into rows and columns at once: what `Layout`, which arranges only what has changed, is held against. */
export function layOut(cells: readonly FoldedCell[], describeRow: DescribeRow): Pick<Matrix, 'rows' | 'columns' | 'cells'> {
  const placed = withMeasuredColumns(cells);
  const rows = rowsOf(cells, describeRow);
  const columns = columnsOf(placed);
  const grid = new Map<string, FoldedCell>();
  for (const one of placed) {
    const place = `${rowIdOf(one.folded)}\n\n${one.columnId}`;
    const there = grid.get(place);
    if (there === undefined || isNewer(one.folded, there)) grid.set(place, one.folded);
  }
  return {
    rows: rows.map(({ row }) => row),
    columns,
    cells: rows.map(({ id }) => columns.map((column) => grid.get(`${id}\n\n${column.id}`)?.cell ?? null)),
  };
}

interface PlacedCell {
  readonly folded: FoldedCell;
  readonly columnId: string;
}

/** A cell without a number has no condition: it goes into the newest measured column of its device, execution provider and tier. */
function withMeasuredColumns(cells: readonly FoldedCell[]): readonly PlacedCell[] {
  const newestByBase = new Map<string, FoldedCell>();
  for (const folded of cells.filter(({ cell }) => cell.key.condition !== '')) {
    const base = columnIdOf({ ...folded.cell.key, condition: '' });
    const known = newestByBase.get(base);
    if (known === undefined || isNewer(folded, known)) newestByBase.set(base, folded);
  }
  return cells.map((folded) => {
    const { key } = folded.cell;
    const host = key.condition === '' ? newestByBase.get(columnIdOf(key)) : undefined;
    return { folded, columnId: columnIdOf(host?.cell.key ?? key) };
  });
}

function isNewer(a: FoldedCell, b: FoldedCell): boolean {
  return a.newest.view.at > b.newest.view.at;
}

/** Results of synthetic weights stay apart from those of the real model. */
function rowIdOf({ cell: { key } }: FoldedCell): string {
  return [key.modelId, key.recipeId, key.synthetic ? 'synthetic' : ''].join('\n');
}

function rowsOf(cells: readonly FoldedCell[], describeRow: DescribeRow): readonly { readonly id: string; readonly row: MatrixRow }[] {
  const newest = new Map<string, FoldedCell>();
  for (const folded of cells) {
    const known = newest.get(rowIdOf(folded));
    if (known === undefined || isNewer(folded, known)) newest.set(rowIdOf(folded), folded);
  }
  return [...newest.entries()].map(([id, folded]) => ({ id, row: describeRow(folded) })).sort((a, b) => compare(a.id, b.id));
}

function columnsOf(placed: readonly PlacedCell[]): MatrixColumn[] {
  const columns = new Map<string, MatrixColumn>();
  for (const { folded, columnId } of placed) {
    const { key, units } = folded.cell;
    const known = columns.get(columnId);
    const condition = known?.condition || key.condition;
    const all = [...new Set([...(known?.units ?? []), ...units])].sort();
    columns.set(columnId, {
      id: columnId,
      deviceModel: key.deviceModel,
      deviceClass: folded.deviceClass,
      executedEp: key.executedEp,
      condition,
      tier: key.tier,
      emulated: key.emulated,
      units: all,
    });
  }
  return [...columns.values()].sort(compareColumns);
}

function compareColumns(a: MatrixColumn, b: MatrixColumn): number {
  return CLASS_ORDER.indexOf(a.deviceClass) - CLASS_ORDER.indexOf(b.deviceClass) || compare(a.id, b.id);
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
