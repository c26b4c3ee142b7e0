import Table from 'cli-table3';
import { cellText } from '../domain/cell-text.ts';
import type { Cell, Matrix } from '../domain/matrix.ts';
import { type ListedCell, listedCells } from '../domain/matrix-lists.ts';
import { columnText, publishedText, rowText } from '../domain/matrix-text.ts';

const FIRST_WIDTH = 24;
const PUBLISHED_WIDTH = 18;
const CELL_WIDTH = 34;

/** The matrix as a terminal table of at most `width` columns; devices that do not fit are left out from the right, and counted. */
export function matrixTable(matrix: Matrix, width: number): string {
  if (matrix.rows.length === 0) return 'The matrix is empty: nothing has been submitted. Try `grove recipe list` and `grove submit`.';
  const fitting = Math.max(1, Math.floor((width - FIRST_WIDTH - PUBLISHED_WIDTH - 4) / (CELL_WIDTH + 1)));
  const columns = matrix.columns.slice(0, fitting);
  const view = new Table({
    head: ['RECIPE', 'PUBLISHED', ...columns.map(heading)],
    colWidths: [FIRST_WIDTH, PUBLISHED_WIDTH, ...columns.map(() => CELL_WIDTH)],
    wordWrap: true,
    style: { head: [], border: [], compact: false },
  });
  for (const [index, row] of matrix.rows.entries()) {
    const { name, digest, target, lint } = rowText(row);
    const published = publishedText(row.published);
    const cells = columns.map((_, column) => cellLines(matrix.cells[index]?.[column] ?? null, matrix.generatedAt));
    view.push([
      [`${name} ${digest}`, target, lint].filter(Boolean).join('\n'),
      [published.figure, published.hardware].filter(Boolean).join('\n'),
      ...cells,
    ]);
  }
  const hidden = matrix.columns.length - columns.length;
  return hidden === 0 ? view.toString() : `${view.toString()}\n${hidden} more device(s): widen the terminal or use -o md.`;
}

/** The matrix as tab-separated text, one line a cell, for what reads a pipe. */
export function matrixTsv(matrix: Matrix): string {
  return cellLinesTsv(listedCells(matrix), matrix.generatedAt);
}

/** Cells with their places as tab-separated text with a head. */
export function cellLinesTsv(cells: readonly ListedCell[], nowMs: number): string {
  const head = [
    'cell',
    'model',
    'recipe',
    'digest',
    'device',
    'column',
    'state',
    'latency',
    'ratio',
    'placement',
    'quality',
    'ranking',
    'goals',
    'sampling',
    'age',
    'environment',
    'badges',
    'reason',
  ];
  const lines = cells.map(({ row, column, cell }) => {
    const { name, digest } = rowText(row);
    const { device, detail } = columnText(column);
    const { latency, ratio, placement, quality, ranking, goals, sampling, age, environment, badges, reason } = cellText(cell, nowMs);
    const figures = [latency, ratio, placement, quality, ranking, goals, sampling, age, environment, badges.join(' '), reason];
    return [cell.id, row.modelId, name, digest, device, detail, cell.state, ...figures];
  });
  return [head, ...lines].map((line) => line.map((value) => value.replace(/[\t\r\n]+/g, ' ')).join('\t')).join('\n');
}

function heading(column: Matrix['columns'][number]): string {
  const { device, detail, units, emulated } = columnText(column);
  return [`${device}${emulated ? ' (emulated)' : ''}`, detail, units].join('\n');
}

function cellLines(cell: Cell | null, nowMs: number): string {
  if (cell === null) return '-';
  const text = cellText(cell, nowMs);
  const joined = (...parts: readonly string[]) => parts.filter(Boolean).join('  ');
  const lines = [
    joined(text.latency, `${text.state.sign} ${text.state.label}`),
    text.ratio,
    joined(text.placement, text.quality),
    text.ranking,
    text.goals,
    joined(text.sampling, text.age, text.environment),
    text.badges.join(' '),
    text.reason,
  ];
  return lines.filter(Boolean).join('\n');
}
