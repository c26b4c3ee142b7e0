import { formatMetric, GOAL_SIGNS, goalSign, goalText } from '../../../domain/quality-text.ts';
import type { BenchmarkReport } from '../../../domain/report.ts';
import { facts } from './facts.ts';
import { type Html, html } from './html.ts';

type Evaluated = NonNullable<BenchmarkReport['evaluator']>[number];

/** The recipe's own metrics as Olive defines them, with what became of their goals. Reports of version 1 have values only. */
export function evaluatorSection({ evaluator, olive }: BenchmarkReport): Html {
  if (evaluator === undefined) return olderMetrics(olive);
  const heads = ['Metric', 'value', 'priority', 'goal', 'outcome'];
  return html`${
    evaluator.length > 0 &&
    html`<section><h2>Metrics of the recipe</h2>
<div class="scroll" tabindex="0" role="region" aria-label="Metrics of the recipe"><table class="plain"><thead><tr>${heads.map((head) => html`<th scope="col">${head}</th>`)}</tr></thead><tbody>${evaluator.map(metricRow)}</tbody></table></div>
<p class="muted">As Olive defines them. A goal's outcome is recorded and fails nothing.</p></section>`
  }`;
}

function metricRow(evaluated: Evaluated): Html {
  const { metric, value, unit, priority, why, goal } = evaluated;
  return html`<tr><th scope="row">${metric}</th><td>${value === null ? html`<span class="muted">? unresolved: ${why}</span>` : formatMetric(value, unit)}</td>
<td>${priority > 0 ? priority : '-'}</td><td class="wrap">${goal === null ? '-' : goalText(evaluated)}</td><td class="wrap">${goal === null ? '-' : outcome(goal)}</td></tr>`;
}

function outcome({ state, why }: NonNullable<Evaluated['goal']>): Html {
  return html`<span class="chip g-${state}" title="${GOAL_SIGNS[state].meaning}">${goalSign(state)}</span>${why !== '' && html` <span class="muted">${why}</span>`}`;
}

function olderMetrics(olive: BenchmarkReport['olive']): Html {
  const values = Object.entries(olive);
  return html`${values.length > 0 && html`<section><h2>Metrics of the recipe</h2>${facts(values.map(([metric, { value, unit }]) => [metric, formatMetric(value, unit)]))}</section>`}`;
}
