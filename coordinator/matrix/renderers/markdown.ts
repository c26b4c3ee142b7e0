import { cellText } from '../../../domain/cell-text.ts';
import type { Cell, Matrix } from '../../../domain/matrix.ts';
import { columnText, publishedText, rowText } from '../../../domain/matrix-text.ts';

/** The matrix as GitHub-flavoured Markdown: one table per model, with every reason below it. */
export function renderMarkdown(matrix: Matrix): string {
  if (matrix.rows.length === 0) return '# Matrix\n\nNothing has been measured yet.\n';
  const models = [...new Set(matrix.rows.map(({ modelId }) => modelId))];
  return `# Matrix\n\n${new Date(matrix.generatedAt).toISOString()}\n\n${models.map((modelId) => modelTable(matrix, modelId)).join('\n')}`;
}

function modelTable(matrix: Matrix, modelId: string): string {
  const head = ['Recipe', 'Published', ...matrix.columns.map((column) => headText(column))];
  const rows = matrix.rows.flatMap((row, index) => (row.modelId === modelId ? [{ row, cells: matrix.cells[index] ?? [] }] : []));
  const body = rows.map(({ row, cells }) => {
    const { name, digest, target, lint } = rowText(row);
    const published = publishedText(row.published);
    const label = [`**${escapeMarkdown(name)}** \`${digest}\``, escapeMarkdown([target, lint].filter(Boolean).join(' '))].join('<br>');
    return [
      label,
      lines([published.figure, published.hardware]),
      ...matrix.columns.map((_, index) => cellMarkdown(cells[index] ?? null, matrix.generatedAt)),
    ];
  });
  return `## ${escapeMarkdown(modelId)}\n\n${[head, head.map(() => '---'), ...body].map((line) => `| ${line.join(' | ')} |`).join('\n')}\n`;
}

function headText(column: Matrix['columns'][number]): string {
  const { device, detail, units, emulated } = columnText(column);
  return lines([device, detail, [units, emulated ? 'emulated' : ''].filter(Boolean).join(', ')]);
}

function cellMarkdown(cell: Cell | null, nowMs: number): string {
  if (cell === null) return '-';
  const { state, latency, ratio, placement, quality, ranking, goals, sampling, age, environment, badges, reason } = cellText(cell, nowMs);
  const first = [latency === '' ? '' : `**${escapeMarkdown(latency)}**`, `${state.sign} ${state.label}`].filter(Boolean).join(' ');
  const rest = [ratio, join([placement, quality]), ranking, goals, join([sampling, age, environment]), badges.join(', '), reason];
  return [first, ...rest.filter(Boolean).map(escapeMarkdown)].join('<br>');
}

function join(parts: readonly string[]): string {
  return parts.filter(Boolean).join(' · ');
}

function lines(parts: readonly string[]): string {
  return parts.filter(Boolean).map(escapeMarkdown).join('<br>') || '-';
}

/** A cell of a Markdown table is one line; what looks like markup is shown as it is. */
function escapeMarkdown(text: string): string {
  return text
    .replace(/[\\`*_{}[\]<>|~]/g, (character) => (character === '<' ? '&lt;' : character === '>' ? '&gt;' : `\\${character}`))
    .replace(/\s*[\r\n]+\s*/g, ' ');
}
