import type { CellView } from '../../../api/matrix.ts';
import { formatInterval, formatMs, formatRatio } from '../../../domain/matrix-text.ts';
import type { PastResult } from '../../../domain/past-result.ts';
import { facts } from './facts.ts';
import { type Html, html } from './html.ts';
import { stateChip } from './matrix-page.ts';
import { timeElement } from './page.ts';

/** What has changed since the cell was last good; empty while it is. */
export function sinceLastGood({ cell, history }: CellView): Html {
  const { lastGood, firstBad } = cell.history;
  if (firstBad === null) return html``;
  const good = history.find(({ taskId }) => taskId === lastGood?.taskId);
  const bad = history.find(({ taskId }) => taskId === firstBad.taskId);
  return html`<section><h2>Changed since last good</h2>${facts([
    ['Last good', lastGood === null ? 'never' : html`${timeElement(lastGood.at)} (${taskLink(lastGood.taskId)})`],
    ['First bad', html`${timeElement(firstBad.at)} (${taskLink(firstBad.taskId)})`],
    ...(good === undefined || bad === undefined ? [] : changesBetween(good, bad)),
    ['Sibling units', cell.unitStates.map(({ unit, state }) => `${unit ?? 'no unit'}: ${state}`).join(', ')],
  ])}</section>`;
}

/** What differs; what the bad one never came to know is left out. */
function changesBetween(good: PastResult, bad: PastResult): readonly (readonly [string, string])[] {
  const pairs: readonly (readonly [string, string | null, string | null])[] = [
    ['Environment', good.environmentId, bad.environmentId],
    ['Recipe', good.recipeDigest, bad.recipeDigest],
    ['Conversion', good.conversionKey, bad.conversionKey],
    ['ONNX Runtime', good.ortVersion, bad.ortVersion],
  ];
  const changed = pairs.filter(([, before, after]) => before !== null && after !== null && before !== after);
  if (changed.length === 0) return [['Changed', 'nothing that is known']];
  return changed.map(([what, before, after]) => [what, `${before?.slice(0, 12)} became ${after?.slice(0, 12)}`]);
}

/** The number against its baseline or its previous result. */
export function comparisonSection({ cell: { comparison } }: CellView): Html {
  if (comparison === null) return html``;
  const { against, taskId, measuredAt, p50Ms, ratio, changed, pValue } = comparison;
  return html`<section><h2>Compared with its ${against === 'baseline' ? 'pinned baseline' : 'previous result'}</h2>${facts([
    [
      'Then',
      html`${formatMs(p50Ms.value)} ${formatInterval(p50Ms)}${measuredAt !== null && html`, ${timeElement(measuredAt)}`} (${taskLink(taskId)})`,
    ],
    ['Ratio', formatRatio(ratio)],
    ['Changed since', changed.join(', ')],
    [
      'Judged',
      changed.length > 0 ? 'no: what changed may be the reason' : pValue === null ? 'no: too few launches' : `p = ${pValue.toPrecision(2)}`,
    ],
  ])}</section>`;
}

/** The newest results of a cell. */
export function historySection({ cell, history }: CellView): Html {
  if (history.length === 0) return html``;
  const heads = ['Ended', 'Unit', 'State', 'p50', 'Environment', 'Recipe', 'Task'];
  return html`<section><h2>History</h2><div class="scroll" tabindex="0" role="region" aria-label="History"><table class="plain"><thead><tr>${heads.map((head) => html`<th scope="col">${head}</th>`)}</tr></thead>
<tbody>${history.map(historyRow)}</tbody></table></div>
${cell.history.results > history.length && html`<p class="muted"><a href="/api/v1/cells/${cell.id}/history">All ${cell.history.results} results</a></p>`}</section>`;
}

function historyRow({ at, unit, state, code, p50Ms, environmentId, recipeDigest, taskId }: PastResult): Html {
  return html`<tr><th scope="row">${timeElement(at)}</th><td>${unit ?? '-'}</td><td>${stateChip(state)}${code !== null && html` <code>${code}</code>`}</td>
<td>${p50Ms === null ? '-' : `${formatMs(p50Ms.value)} ${formatInterval(p50Ms)}`}</td><td><code>${environmentId?.slice(0, 8) ?? '-'}</code></td><td><code>${recipeDigest.slice(0, 8)}</code></td><td>${taskLink(taskId)}</td></tr>`;
}

function taskLink(taskId: string): Html {
  return html`<a href="/api/v1/tasks/${taskId}"><code>${taskId}</code></a>`;
}
