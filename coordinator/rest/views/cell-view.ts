import type { CellView } from '../../../api/matrix.ts';
import type { Matrix } from '../../../domain/matrix.ts';
import type { TaskStore } from '../../store/task-store.ts';

/** The cell of this id with its row, column and the report behind it; undefined when the matrix has no such cell. */
export async function findCell(matrix: Matrix, cellId: string, store: Pick<TaskStore, 'task'>): Promise<CellView | undefined> {
  for (const [rowIndex, cells] of matrix.cells.entries()) {
    const columnIndex = cells.findIndex((cell) => cell?.id === cellId);
    const cell = cells[columnIndex];
    const row = matrix.rows[rowIndex];
    const column = matrix.columns[columnIndex];
    if (cell === undefined || cell === null || row === undefined || column === undefined) continue;
    const task = await store.task(cell.provenance.taskId);
    return { cell, row, column, report: task?.result?.kind === 'benchmark' ? task.result.report : null };
  }
  return undefined;
}
