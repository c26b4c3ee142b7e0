import type { CellView } from '../../../api/matrix.ts';
import { lintRecipe } from '../../../domain/lint/lint-recipe.ts';
import type { Matrix } from '../../../domain/matrix.ts';
import { parseRecipe } from '../../../domain/recipe/parse-recipe.ts';
import type { RecipeRef } from '../../../domain/task.ts';
import { sha256 } from '../../../platform/sha256.ts';
import type { TaskRecord, TaskStore } from '../../store/task-store.ts';

/** Findings of one cell; a report holds 200. */
const MAX_FINDINGS = 500;

/** The cell of this id with its row, column, the report behind it and its lint; undefined when the matrix has no such cell. */
export async function findCell(matrix: Matrix, cellId: string, store: Pick<TaskStore, 'task'>): Promise<CellView | undefined> {
  for (const [rowIndex, cells] of matrix.cells.entries()) {
    const columnIndex = cells.findIndex((cell) => cell?.id === cellId);
    const cell = cells[columnIndex];
    const row = matrix.rows[rowIndex];
    const column = matrix.columns[columnIndex];
    if (cell === undefined || cell === null || row === undefined || column === undefined) continue;
    const task = await store.task(cell.provenance.taskId);
    const report = task?.result?.kind === 'benchmark' ? task.result.report : null;
    return { cell, row, column, report, lint: task === undefined ? [] : await lintOf(task, store) };
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
