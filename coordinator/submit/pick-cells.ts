import type { RerunRequest, RerunState } from '../../api/reruns.ts';
import type { Cell, Matrix, MatrixColumn, MatrixRow } from '../../domain/matrix.ts';
import { recipeLabel } from '../../domain/matrix-text.ts';
import type { TaskId } from '../../domain/names.ts';

/** A benchmark of the matrix that is to run again. */
export interface PickedCell {
  /** The task whose result the cell shows, or one of the same row to take as a pattern. */
  readonly taskId: TaskId;
  /** The machine its number is of; null for a benchmark that never ran. */
  readonly unit: string | null;
  /** For a missing cell: the device model that has no number. */
  readonly deviceModel: string | null;
}

/** The cells a request means, each unit of a cell by itself. */
export function pickCells(matrix: Matrix, request: RerunRequest): readonly PickedCell[] {
  const wanted = new Set<RerunState>(request.states);
  const { columns, cells: grid } = measuredPart(matrix);
  return matrix.rows.flatMap((row, index) => {
    if (!isRecipe(row, request.recipes)) return [];
    const cells = grid[index] ?? [];
    const present = cells.flatMap((cell) => (cell === null ? [] : pickUnits(cell, wanted)));
    const missing = wanted.has('missing') ? pickMissing(cells, columns) : [];
    return [...present, ...missing].filter((picked) => isDevice(picked, request.devices));
  });
}

/** The matrix without what other tools measured: there is no task to repeat, and a column of nothing else is no place where the farm measures. */
function measuredPart({ columns, cells }: Matrix): Pick<Matrix, 'columns' | 'cells'> {
  const isImported = (cell: Cell | null | undefined) => cell?.badges.includes('imported') === true;
  const isMeasured = columns.map((_, at) => cells.some((row) => row[at] != null && !isImported(row[at])));
  return {
    columns: columns.filter((_, at) => isMeasured[at]),
    cells: cells.map((row) => row.filter((_, at) => isMeasured[at]).map((cell) => (isImported(cell) ? null : cell))),
  };
}

function isRecipe({ recipeId }: MatrixRow, recipes: readonly string[] | undefined): boolean {
  const names = [recipeId, recipeId.split('/').at(-1) ?? '', recipeLabel(recipeId)];
  return recipes === undefined || recipes.some((recipe) => names.includes(recipe) || names.includes(`${recipe}.json`));
}

type Picked = PickedCell & { readonly model: string };

function isDevice({ unit, model }: Picked, devices: readonly string[] | undefined): boolean {
  return devices === undefined || devices.some((device) => device === unit || device === model);
}

function pickUnits(cell: Cell, wanted: ReadonlySet<RerunState>): readonly Picked[] {
  const { state, badges, units, provenance, unitStates, key } = cell;
  const only = { unit: units[0] ?? null, state, badges, taskId: provenance.taskId };
  const judged = unitStates.length > 0 ? unitStates : [only];
  return judged
    .filter((one) => wants(wanted, one))
    .map(({ unit, taskId }) => ({ taskId, unit, deviceModel: null, model: key.deviceModel }));
}

function wants(wanted: ReadonlySet<RerunState>, { state, badges }: Pick<Cell, 'state' | 'badges'>): boolean {
  const isOpen = state === 'running' || state === 'waiting';
  return !isOpen && (wanted.has(state) || badges.some((badge) => (badge === 'stale' || badge === 'partial') && wanted.has(badge)));
}

/** Device models of the row's execution provider and tier that have no cell under any condition, each once. */
function pickMissing(cells: readonly (Cell | null)[], columns: readonly MatrixColumn[]): readonly Picked[] {
  const placeOf = (at: { readonly deviceModel: string; readonly executedEp: string; readonly tier: string }) =>
    [at.deviceModel, at.executedEp, at.tier].join('\n');
  const taken = new Set(columns.filter((_, index) => cells[index] != null).map(placeOf));
  return columns.flatMap((column) => {
    const pattern = cells.find((cell) => cell !== null && cell.key.executedEp === column.executedEp && cell.key.tier === column.tier);
    if (pattern == null || taken.has(placeOf(column))) return [];
    taken.add(placeOf(column));
    return [{ taskId: pattern.provenance.taskId, unit: null, deviceModel: column.deviceModel, model: column.deviceModel }];
  });
}
