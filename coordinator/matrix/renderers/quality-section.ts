import { judgedSimilarity } from '../../../domain/judged-similarity.ts';
import { formatCosine, formatShare, plural } from '../../../domain/matrix-text.ts';
import { formatDifference, formatRank, rankingScope, relevanceScope } from '../../../domain/quality-text.ts';
import type { Quality, Ranking, RankingScores } from '../../../domain/report.ts';
import { facts } from './facts.ts';
import { type Html, html } from './html.ts';

type Measured = Extract<Quality, { state: 'measured' }>;

/** Outputs against the Reference: logits first where the model gives them, since a cosine is blind to their order. */
export function qualitySection(quality: Quality): Html {
  if (quality.state === 'not-measured') return html`<section><h2>Quality</h2><p>Not measured: ${quality.why}</p></section>`;
  const { rows, ofRows, cosineMean, cosineMin, cosinePooled, sqnrDb, maxAbsDifference, logit } = quality;
  return html`<section><h2>Quality</h2>${facts([
    ['Verdict', verdict(quality)],
    ['Rows compared', ofRows === undefined ? rows : `${rows} of ${ofRows}: then time ran out`],
    ['Logit difference', logit === null ? '' : `mean ${formatDifference(logit.meanAbs)}, largest ${formatDifference(logit.maxAbs)}`],
    ['Agreement of scores', logit?.agreement == null ? '' : formatCosine(logit.agreement)],
    ['Same best label', logit?.top1Agreement == null ? '' : formatShare(logit.top1Agreement)],
    ['Cosine, mean over rows', formatCosine(cosineMean)],
    ['Cosine, worst row', formatCosine(cosineMin)],
    ['Cosine, mean-pooled', cosinePooled === null ? '' : formatCosine(cosinePooled)],
    ['SQNR', sqnrDb === null ? '' : `${sqnrDb.toFixed(1)} dB`],
    ['Largest difference', maxAbsDifference.toPrecision(3)],
  ])}${furtherOutputs(quality)}</section>${quality.ranking !== undefined && rankingSection(quality.ranking)}`;
}

function verdict(quality: Measured): string {
  const { bound, passed } = quality;
  const { name, value } = judgedSimilarity(quality);
  const asked = `${bound.min}${bound.isDefault ? ' (default bound)' : ''}`;
  return passed ? `✓ ${name} ${formatCosine(value)}, at least ${asked}` : `≠ ${name} ${formatCosine(value)} is below ${asked}`;
}

function furtherOutputs({ furtherOutputs: outputs = [], furtherOutputsLeftOut: left = 0 }: Measured): Html {
  const heads = ['Further output', 'cosine, mean', 'cosine, worst row', 'mean-pooled', 'SQNR', 'largest difference'];
  const rows = outputs.map(
    ({ name, cosineMean, cosineMin, cosinePooled, sqnrDb, maxAbsDifference }) =>
      html`<tr><th scope="row"><code>${name}</code></th><td>${formatCosine(cosineMean)}</td><td>${formatCosine(cosineMin)}</td><td>${cosinePooled === null ? '-' : formatCosine(cosinePooled)}</td><td>${sqnrDb === null ? '-' : `${sqnrDb.toFixed(1)} dB`}</td><td>${maxAbsDifference.toPrecision(3)}</td></tr>`,
  );
  return html`${
    outputs.length > 0 &&
    html`<h3>Outputs behind the first</h3><p class="muted">Compared by position; the bound does not apply to them.</p>
<div class="scroll" tabindex="0" role="region" aria-label="Outputs behind the first"><table class="plain"><thead><tr>${heads.map((head) => html`<th scope="col">${head}</th>`)}</tr></thead><tbody>${rows}</tbody></table></div>`
  }${left > 0 && html`<p class="muted">${plural(left, 'further output')} not compared: integers, other shapes, or not kept in the Reference.</p>`}`;
}

function rankingSection(ranking: Ranking): Html {
  if (ranking.state === 'not-measured') return html`<section><h2>Ranking</h2><p>Not measured: ${ranking.why}</p></section>`;
  const { top1Agreement, referenceTau, relevance } = ranking;
  return html`<section><h2>Ranking</h2>${facts([
    ['Measured over', rankingScope(ranking)],
    ['Same best candidate', `${formatShare(top1Agreement)} of queries`],
    ['Order kept (tau-b)', referenceTau === null ? 'the reference tells no candidates apart' : formatRank(referenceTau)],
    ['Relevance', relevance.state === 'measured' ? relevanceScope(relevance) : `not measured: ${relevance.why}`],
  ])}
${relevance.state === 'measured' && relevanceTable(relevance.model, relevance.reference)}
<p class="muted">Candidates with equal scores count as the mean over all their orders. tau-b is Kendall's.</p></section>`;
}

const MEASURES: readonly (readonly [string, keyof RankingScores])[] = [
  ['MRR@10', 'mrrAt10'],
  ['NDCG@10', 'ndcgAt10'],
  ['MAP', 'map'],
  ['tau-b with labels', 'labelTau'],
];

function relevanceTable(model: RankingScores, reference: RankingScores): Html {
  const rows = MEASURES.map(([label, key]) => {
    const change = model[key] - reference[key];
    return html`<tr><th scope="row">${label}</th><td>${formatRank(model[key])}</td><td>${formatRank(reference[key])}</td><td>${changeText(change)}</td></tr>`;
  });
  return html`<div class="scroll" tabindex="0" role="region" aria-label="Ranking by relevance"><table class="plain"><thead><tr><th scope="col">Measure</th><th scope="col">model</th><th scope="col">reference</th><th scope="col">change</th></tr></thead><tbody>${rows}</tbody></table></div>`;
}

/** `-0.0021`, `+0.0010`, `0`. */
function changeText(change: number): string {
  const rounded = change.toFixed(4);
  if (Number(rounded) === 0) return '0';
  return change > 0 ? `+${rounded}` : rounded;
}
