import type { Cell, Matrix, MatrixColumn, MatrixRow } from '../../domain/matrix.ts';
import { columnIdOf, type FoldedCell } from './fold.ts';

const CLASS_ORDER = ['npu', 'gpu', 'cpu'];

/** Facts of a row that are not in its cells. */
export type DescribeRow = (newest: FoldedCell) => MatrixRow;

/** Rows, columns and what is where. What has not changed since the grid before is the same object. */
export type Grid = Pick<Matrix, 'rows' | 'columns' | 'cells'>;

type CellRow = Grid['cells'][number];

/** The cells of one slot: all of them belong to one row, and to the columns of one base. */
interface Slot {
  readonly order: number;
  readonly row: RowOfSlots;
  readonly base: BaseOfSlots;
  cells: readonly FoldedCell[];
}

interface RowOfSlots {
  readonly id: string;
  readonly slots: Set<Slot>;
  /** The cell that names its recipe. */
  newest: FoldedCell | undefined;
  described: MatrixRow | undefined;
  cells: CellRow;
}

/** Columns that differ in their condition only. */
interface BaseOfSlots {
  readonly slots: Set<Slot>;
  columns: readonly MatrixColumn[];
  /** The column of its cells without a number, which have no condition. */
  hostId: string | undefined;
}

/**
 * Arranges cells into rows and columns. Where two cells meet in one place the newer one is shown. A change costs its row and its device, not the matrix.
 */
export class Layout {
  readonly #describeRow: DescribeRow;
  readonly #slots = new Map<number, Slot>();
  readonly #rows = new Map<string, RowOfSlots>();
  readonly #bases = new Map<string, BaseOfSlots>();
  readonly #changedRows = new Set<RowOfSlots>();
  readonly #changedBases = new Set<BaseOfSlots>();
  #grid: Grid = { rows: [], columns: [], cells: [] };

  constructor(describeRow: DescribeRow) {
    this.#describeRow = describeRow;
  }

  /** @param order of the slot among all slots: of two cells that are equally new, the one of the earlier slot is shown. */
  put(order: number, cells: readonly FoldedCell[]): void {
    const slot = this.#slots.get(order) ?? this.#newSlot(order, cells[0]);
    if (slot === undefined) return;
    slot.cells = cells;
    this.#changedRows.add(slot.row);
    this.#changedBases.add(slot.base);
  }

  grid(): Grid {
    if (this.#changedRows.size === 0) return this.#grid;
    for (const row of this.#changedRows) this.#describe(row);
    const rowsToPlace = new Set(this.#changedRows);
    for (const base of this.#changedBases) if (arrangeBase(base)) for (const { row } of base.slots) rowsToPlace.add(row);
    this.#changedRows.clear();
    this.#changedBases.clear();
    this.#grid = this.#gridOf(rowsToPlace);
    return this.#grid;
  }

  #gridOf(rowsToPlace: ReadonlySet<RowOfSlots>): Grid {
    const columns = sameOr(this.#grid.columns, [...this.#bases.values()].flatMap((base) => base.columns).sort(compareColumns));
    const isMoved = !isSameList(columnIds(columns), columnIds(this.#grid.columns));
    const shown = [...this.#rows.values()].filter((row) => row.described !== undefined).sort((a, b) => compare(a.id, b.id));
    for (const row of shown) if (isMoved || rowsToPlace.has(row)) row.cells = sameOr(row.cells, placeCells(row, columns));
    return { rows: shown.flatMap(({ described }) => described ?? []), columns, cells: shown.map(({ cells }) => cells) };
  }

  #newSlot(order: number, first: FoldedCell | undefined): Slot | undefined {
    if (first === undefined) return undefined;
    const rowId = rowIdOf(first);
    const row = this.#rows.get(rowId) ?? { id: rowId, slots: new Set(), newest: undefined, described: undefined, cells: [] };
    const baseId = baseIdOf(first);
    const base = this.#bases.get(baseId) ?? { slots: new Set(), columns: [], hostId: undefined };
    const slot: Slot = { order, row, base, cells: [] };
    this.#rows.set(rowId, row);
    this.#bases.set(baseId, base);
    this.#slots.set(order, slot);
    row.slots.add(slot);
    base.slots.add(slot);
    return slot;
  }

  #describe(row: RowOfSlots): void {
    const newest = cellsOf(row.slots).reduce<FoldedCell | undefined>((a, b) => (a === undefined || isNewer(b, a) ? b : a), undefined);
    if (newest === row.newest) return;
    row.newest = newest;
    row.described = newest === undefined ? undefined : sameFacts(row.described, this.#describeRow(newest));
  }
}

/** Whether other columns than before are there, or cells without a number move to another. */
function arrangeBase(base: BaseOfSlots): boolean {
  const cells = cellsOf(base.slots);
  const host = cells
    .filter(({ cell }) => cell.key.condition !== '')
    .reduce<FoldedCell | undefined>((a, b) => (a === undefined || isNewer(b, a) ? b : a), undefined);
  const hostId = host === undefined ? undefined : columnIdOf(host.cell.key);
  const columns = columnsOf(cells, hostId).map((column) =>
    sameFacts(
      base.columns.find(({ id }) => id === column.id),
      column,
    ),
  );
  const isChanged = hostId !== base.hostId;
  base.columns = columns;
  base.hostId = hostId;
  return isChanged;
}

function columnsOf(cells: readonly FoldedCell[], hostId: string | undefined): readonly MatrixColumn[] {
  const columns = new Map<string, { readonly column: MatrixColumn; readonly units: Set<string> }>();
  for (const { cell, deviceClass } of cells) {
    const { deviceModel, executedEp, condition, tier, emulated } = cell.key;
    const id = placeOf(cell, hostId);
    const known = columns.get(id);
    const units = known?.units ?? new Set();
    for (const unit of cell.units) units.add(unit);
    const column = { id, deviceModel, deviceClass, executedEp, condition: known?.column.condition || condition, tier, emulated, units: [] };
    columns.set(id, { column, units });
  }
  return [...columns.values()].map(({ column, units }) => ({ ...column, units: [...units].sort() }));
}

function placeCells({ slots }: RowOfSlots, columns: readonly MatrixColumn[]): CellRow {
  const shown = new Map<string, FoldedCell>();
  for (const { cells, base } of inOrder(slots)) {
    for (const folded of cells) {
      const place = placeOf(folded.cell, base.hostId);
      const there = shown.get(place);
      if (there === undefined || isNewer(folded, there)) shown.set(place, folded);
    }
  }
  return columns.map(({ id }) => shown.get(id)?.cell ?? null);
}

/** A cell without a number has no condition: it goes into the newest measured column of its device, execution provider and tier. */
function placeOf({ key }: Cell, hostId: string | undefined): string {
  return key.condition === '' && hostId !== undefined ? hostId : columnIdOf(key);
}

function cellsOf(slots: ReadonlySet<Slot>): readonly FoldedCell[] {
  return inOrder(slots).flatMap(({ cells }) => cells);
}

function inOrder(slots: ReadonlySet<Slot>): readonly Slot[] {
  return [...slots].sort((a, b) => a.order - b.order);
}

function isNewer(a: FoldedCell, b: FoldedCell): boolean {
  return a.newest.view.at > b.newest.view.at;
}

/** Results of synthetic weights stay apart from those of the real model. */
function rowIdOf({ cell: { key } }: FoldedCell): string {
  return [key.modelId, key.recipeId, key.synthetic ? 'synthetic' : ''].join('\n');
}

function baseIdOf({ cell: { key } }: FoldedCell): string {
  return columnIdOf({ ...key, condition: '' });
}

function compareColumns(a: MatrixColumn, b: MatrixColumn): number {
  return CLASS_ORDER.indexOf(a.deviceClass) - CLASS_ORDER.indexOf(b.deviceClass) || compare(a.id, b.id);
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

function columnIds(columns: readonly MatrixColumn[]): readonly string[] {
  return columns.map(({ id }) => id);
}

function isSameList<T>(a: readonly T[], b: readonly T[]): boolean {
  return a.length === b.length && a.every((item, index) => item === b[index]);
}

/** The list before, where the new one holds the same. */
function sameOr<T>(before: T[], now: T[]): T[] {
  return isSameList(before, now) ? before : now;
}

function sameFacts<T>(before: T | undefined, now: T): T {
  return before !== undefined && JSON.stringify(before) === JSON.stringify(now) ? before : now;
}
