import type { CellState } from '../../../domain/cell-state.ts';
import { cellText } from '../../../domain/cell-text.ts';
import type { Cell, Matrix, MatrixColumn, MatrixRow } from '../../../domain/matrix.ts';
import { cellsInList, LIST_MEANINGS, type ListedCell, MATRIX_LISTS, type MatrixListName } from '../../../domain/matrix-lists.ts';
import { BADGE_MEANINGS, columnText, plural, publishedText, rowText, STATE_SIGNS } from '../../../domain/matrix-text.ts';
import { type Html, type HtmlValue, html } from './html.ts';
import { renderPage, timeElement } from './page.ts';

/** How the page behaves. */
export interface MatrixPageOptions {
  /** Load again by itself after this many seconds. */
  readonly refreshSeconds?: number | undefined;
  /** With its stylesheet inside, for a file that stands alone. */
  readonly selfContained?: boolean;
}

/** Seconds between reloads that the page offers. */
const OFFERED_REFRESH_SECONDS = 5;

/** The matrix as a page: one table per model, complete without scripts. */
export function renderMatrixPage(matrix: Matrix, options: MatrixPageOptions = {}): string {
  const { refreshSeconds, selfContained = false } = options;
  const content = html`<div class="heading"><h1>Matrix</h1><p class="muted">${summary(matrix)}</p>
<p class="tools">${refreshSeconds === undefined ? html`<a href="/?refresh=${OFFERED_REFRESH_SECONDS}">Refresh every ${OFFERED_REFRESH_SECONDS} s</a>` : html`<a href="/">Stop refreshing</a>`}
<a href="/api/v1/matrix?format=json">JSON</a> <a href="/api/v1/matrix?format=md">Markdown</a> <a href="/api/v1/matrix?format=csv">CSV</a>
<a href="/api/v1/matrix?format=junit">JUnit</a> <a href="/api/v1/matrix?format=html">HTML</a></p></div>
${attention(matrix)}
${matrix.rows.length === 0 ? emptyFarm() : modelsOf(matrix).map((modelId) => modelSection(matrix, modelId))}
${legend(matrix)}`;
  return renderPage({ title: 'Matrix', current: 'matrix', content, refreshSeconds, selfContained });
}

/** A cell's state with its sign: readable without colour. */
export function stateChip(state: CellState): Html {
  const { sign, label, meaning } = STATE_SIGNS[state];
  return html`<span class="chip s-${state}" title="${meaning}"><span aria-hidden="true">${sign}</span> ${label}</span>`;
}

/** The facts beside a cell's state, each with its meaning as a tooltip. */
export function badgeChips(cell: Pick<Cell, 'badges'>): readonly Html[] {
  return cell.badges.map((badge) => html`<span class="badge b-${badge}" title="${BADGE_MEANINGS[badge]}">${badge}</span> `);
}

function summary({ cells, rows, columns, generatedAt }: Matrix): Html {
  const counts = new Map<CellState, number>();
  for (const cell of cells.flat()) if (cell !== null) counts.set(cell.state, (counts.get(cell.state) ?? 0) + 1);
  const parts = [...counts].map(([state, count]) => html`<span class="count">${count} ${stateChip(state)}</span>`);
  return html`${plural(rows.length, 'recipe')} on ${plural(columns.length, 'device column')}, ${timeElement(generatedAt)} ${parts}`;
}

/** Days that the page's lists look back. */
const LIST_DAYS = 7;

/** Cells that somebody should look at, by why. */
function attention(matrix: Matrix): HtmlValue {
  const lists = MATRIX_LISTS.map((name) => ({ name, cells: cellsInList(matrix, name, LIST_DAYS) })).filter(({ cells }) => cells.length > 0);
  if (lists.length === 0) return '';
  return html`<section><h2>To look at</h2>${lists.map(
    ({ name, cells }) =>
      html`<details><summary>${name.replaceAll('-', ' ')} (${cells.length})</summary><p class="muted">${LIST_MEANINGS[name]}${DATED.has(name) && `: ${LIST_DAYS} days`}</p>
<ul>${cells.slice(0, MAX_LISTED).map(listedLine)}</ul>${cells.length > MAX_LISTED && html`<p><a href="/api/v1/matrix/lists/${name}">All ${cells.length}</a></p>`}</details>`,
  )}</section>`;
}

/** Cells of a list that the page names. */
const MAX_LISTED = 50;
const DATED: ReadonlySet<string> = new Set<MatrixListName>(['new', 'missing-since', 'newly-failing']);

function listedLine({ row, column, cell }: ListedCell): Html {
  return html`<li><a href="/cells/${cell.id}">${rowText(row).name} on ${columnText(column).device}</a> ${stateChip(cell.state)}</li>`;
}

function emptyFarm(): Html {
  return html`<section class="empty"><h2>Nothing measured yet</h2><p>Submit a recipe and its cells appear here:</p>
<pre>grove submit RECIPE --on each-device-model --watch</pre></section>`;
}

function modelsOf({ rows }: Matrix): readonly string[] {
  return [...new Set(rows.map(({ modelId }) => modelId))];
}

function modelSection(matrix: Matrix, modelId: string): Html {
  const rows = matrix.rows.flatMap((row, index) => (row.modelId === modelId ? [{ row, cells: matrix.cells[index] ?? [] }] : []));
  return html`<section><h2>${modelId}</h2>
<div class="scroll" tabindex="0" role="region" aria-label="Matrix of ${modelId}"><table class="matrix">
<thead><tr><th scope="col" class="corner">Recipe</th><th scope="col">Published</th>${matrix.columns.map(columnHead)}</tr></thead>
<tbody>${rows.map(({ row, cells }) => matrixRow(row, cells, matrix))}</tbody>
</table></div></section>`;
}

function columnHead(column: MatrixColumn): Html {
  const { device, detail, units, emulated } = columnText(column);
  return html`<th scope="col"><span class="device">${device}</span>${emulated && html` <span class="badge b-emulated">emulated</span>`}
<span class="detail">${detail}</span><span class="detail">${units}</span></th>`;
}

function matrixRow(row: MatrixRow, cells: readonly (Cell | null)[], matrix: Matrix): Html {
  const { name, digest, title, target, lint } = rowText(row);
  const published = publishedText(row.published);
  return html`<tr><th scope="row"><span class="recipe">${recipeLink(row, name)}</span> <code>${digest}</code>${lint !== '' && html` <span class="badge b-lint" title="${row.lintFindings} lint findings">${lint}</span>`}
<span class="detail">${title}</span><span class="detail">${target}</span></th>
<td class="published">${published.figure === '' ? html`<span class="muted">-</span>` : html`<span class="figure">${published.figure}</span><span class="detail">${published.hardware}</span>`}</td>
${matrix.columns.map((_, index) => cellBox(cells[index] ?? null, matrix.generatedAt))}</tr>
`;
}

/** A recipe of the catalogue has a page; one that was submitted as a file is shown with its cells. */
export function recipeLink({ recipeId }: Pick<MatrixRow, 'recipeId'>, name: string): HtmlValue {
  const [catalogueId = recipeId] = recipeId.split(' ');
  return catalogueId.startsWith('adhoc:') ? name : html`<a href="/recipes/${encodeURIComponent(catalogueId)}">${name}</a>`;
}

function cellBox(cell: Cell | null, nowMs: number): Html {
  if (cell === null) return html`<td class="cell none"><span class="muted" aria-label="nobody has asked for it">-</span></td>`;
  const { latency, ratio, placement, quality, ranking, goals, sampling, age, environment, reason } = cellText(cell, nowMs);
  const lines = [[ratio], [placement, quality], [ranking], [goals], [sampling, age, environment]]
    .map((line) => line.filter(Boolean))
    .filter((line) => line.length > 0);
  const [value, interval = ''] = latency.split(' ±');
  return html`<td class="cell s-${cell.state}"><a href="/cells/${cell.id}"><span class="top">${latency !== '' && html`<span class="figure">${value}${interval !== '' && html` <small>±${interval}</small>`}</span>`}${stateChip(cell.state)}</span>
${lines.map((line) => html`<span class="detail">${line.join(' · ')}</span>`)}
${reason !== '' && html`<span class="reason">${reason}</span>`}
${cell.badges.length > 0 && html`<span class="badges">${badgeChips(cell)}</span>`}</a></td>`;
}

function legend(matrix: Matrix): Html {
  const present = new Set(matrix.cells.flat().flatMap((cell) => cell?.badges ?? []));
  const states = Object.values(STATE_SIGNS);
  const keys = Object.keys(STATE_SIGNS) as CellState[];
  return html`<details class="legend"><summary>How to read a cell</summary>
<p>Median latency with its 95 % interval; ratio to the previous result; share of node time on the execution provider and cosine against the reference, of
logits their mean difference; of rankers the queries with the same best candidate and the reciprocal rank beside that of the reference; what became of the recipe's goals;
launches x samples of each, age, environment. Figures of substituted, synthetic, emulated and imported cells are never ranked with others.</p>
<dl>${keys.map((state, index) => html`<div><dt>${stateChip(state)}</dt><dd>${states[index]?.meaning}</dd></div>`)}
${[...present].map((badge) => html`<div><dt><span class="badge b-${badge}">${badge}</span></dt><dd>${BADGE_MEANINGS[badge]}</dd></div>`)}</dl></details>`;
}
