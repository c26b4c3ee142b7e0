import type { CellState } from '../../../domain/cell-state.ts';
import { cellText } from '../../../domain/cell-text.ts';
import type { Matrix } from '../../../domain/matrix.ts';
import { type ListedCell, listedCells } from '../../../domain/matrix-lists.ts';
import { columnText, recipeLabel } from '../../../domain/matrix-text.ts';

type Outcome = 'passed' | 'failure' | 'error' | 'skipped';

const OUTCOMES: Readonly<Record<CellState, Outcome>> = {
  ok: 'passed',
  improved: 'passed',
  regressed: 'failure',
  'fell-back': 'failure',
  quality: 'failure',
  failed: 'failure',
  exception: 'error',
  noisy: 'skipped',
  insufficient: 'skipped',
  unsupported: 'skipped',
  running: 'skipped',
  waiting: 'skipped',
  missing: 'skipped',
};

/** The matrix as JUnit XML: a suite a recipe, a test case a cell. Time is the median latency in seconds. */
export function renderJunit(matrix: Matrix): string {
  const body = [...groups(matrix)].map(([name, cells]) => suite(name, cells, matrix.generatedAt));
  return `<?xml version="1.0" encoding="UTF-8"?>\n<testsuites name="grove matrix">\n${body.join('')}</testsuites>\n`;
}

function groups(matrix: Matrix): ReadonlyMap<string, readonly ListedCell[]> {
  const found = new Map<string, ListedCell[]>();
  for (const listed of listedCells(matrix)) {
    const name = `${listed.row.modelId} ${recipeLabel(listed.row.recipeId)}`;
    found.set(name, [...(found.get(name) ?? []), listed]);
  }
  return found;
}

function suite(name: string, cells: readonly ListedCell[], nowMs: number): string {
  const count = (outcome: Outcome) => cells.filter(({ cell }) => OUTCOMES[cell.state] === outcome).length;
  const counts = `tests="${cells.length}" failures="${count('failure')}" errors="${count('error')}" skipped="${count('skipped')}"`;
  return `<testsuite name="${escapeXml(name)}" ${counts}>\n${cells.map((cell) => testCase(name, cell, nowMs)).join('')}</testsuite>\n`;
}

function testCase(suiteName: string, { column, cell }: ListedCell, nowMs: number): string {
  const { device, detail } = columnText(column);
  const time = cell.p50Ms === null ? '' : ` time="${(cell.p50Ms.value / 1_000).toFixed(6)}"`;
  const head = `<testcase classname="${escapeXml(suiteName)}" name="${escapeXml(`${device}, ${detail}`)}"${time}`;
  const outcome = OUTCOMES[cell.state];
  if (outcome === 'passed') return `${head}/>\n`;
  const { latency, ratio } = cellText(cell, nowMs);
  const words = escapeXml([cell.state, cell.reason].filter(Boolean).join(': '));
  const type = outcome === 'skipped' ? '' : ` type="${cell.state}"`;
  return `${head}><${outcome} message="${words}"${type}>${escapeXml([latency, ratio].filter(Boolean).join(' '))}</${outcome}></testcase>\n`;
}

const ENTITIES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&apos;' };

/** Also without the control characters that XML 1.0 has no way to write. */
function escapeXml(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are exactly what must go
  return text.replace(/[\u0000-\u0008\u000b\u000c\u000e-\u001f]/g, '').replace(/[&<>"']/g, (character) => ENTITIES[character] ?? character);
}
