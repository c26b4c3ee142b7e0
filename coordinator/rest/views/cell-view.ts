import type { CellView } from '../../../api/matrix.ts';
import { lintRecipe } from '../../../domain/lint/lint-recipe.ts';
import { parseRecipe } from '../../../domain/recipe/parse-recipe.ts';
import type { RecipeRef } from '../../../domain/task.ts';
import { sha256 } from '../../../platform/sha256.ts';
import type { TaskRecord, TaskStore } from '../../store/task-store.ts';
import type { RestDeps } from '../deps.ts';

/** Findings of one cell; a report holds 200. */
const MAX_FINDINGS = 500;

/** Results of its history that a cell is shown with; the rest is asked for by itself. */
const HISTORY_SHOWN = 50;

export type CellSource = Pick<RestDeps, 'matrix' | 'history' | 'store'>;

/** The cell of this id with its place, the report behind it, its lint and its newest history; undefined when the matrix has no such cell. */
export async function findCell(cellId: string, { matrix: read, history, store }: CellSource): Promise<CellView | undefined> {
  const matrix = await read();
  for (const [rowIndex, cells] of matrix.cells.entries()) {
    const columnIndex = cells.findIndex((cell) => cell?.id === cellId);
    const cell = cells[columnIndex];
    const row = matrix.rows[rowIndex];
    const column = matrix.columns[columnIndex];
    if (cell === undefined || cell === null || row === undefined || column === undefined) continue;
    const task = await store.task(cell.provenance.taskId);
    const report = task?.result?.kind === 'benchmark' ? task.result.report : null;
    const past = (await history(cellId)) ?? [];
    return { cell, row, column, report, lint: task === undefined ? [] : await lintOf(task, store), history: past.slice(0, HISTORY_SHOWN) };
  }
  return undefined;
}

/** What the recipe says of itself, then what its conversion found with the model. */
async function lintOf(task: TaskRecord, store: Pick<TaskStore, 'task'>): Promise<CellView['lint']> {
  const conversions = await Promise.all(task.needs.map((taskId) => store.task(taskId)));
  const found = conversions.flatMap((conversion) => (conversion?.result?.kind === 'convert' ? conversion.result.report.findings : []));
  return [...recipeLint(task.spec.recipe), ...found].slice(0, MAX_FINDINGS);
}

/** A recipe that a later version cannot read any more has results all the same. */
function recipeLint({ recipeId, text }: RecipeRef): CellView['lint'] {
  try {
    const { recipe } = parseRecipe(text, { name: recipeId, sha256 });
    return lintRecipe(recipe).map(({ rule, path, message }) => ({ rule, path, message }));
  } catch {
    return [];
  }
}
