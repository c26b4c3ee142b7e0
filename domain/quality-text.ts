import { formatCosine, formatMs, formatShare, plural } from './matrix-text.ts';
import type { BenchmarkReport, Quality, Ranking } from './report.ts';

/** The words and figures of quality and goals, shared by every renderer. */

type Evaluated = NonNullable<BenchmarkReport['evaluator']>[number];
type GoalState = NonNullable<Evaluated['goal']>['state'];

/** How a goal's outcome looks without colour. */
export const GOAL_SIGNS: Readonly<Record<GoalState, { readonly sign: string; readonly meaning: string }>> = {
  met: { sign: '✓', meaning: 'the metric reached what the recipe asks for' },
  missed: { sign: '✗', meaning: 'it did not; the result stands all the same' },
  unresolved: { sign: '?', meaning: 'it cannot be judged here' },
};

/** Of logits their mean difference, which a cosine is blind to; else the cosine. */
export function qualityText(quality: Quality): string {
  if (quality.state !== 'measured') return 'quality not measured';
  if (quality.logit === null) return `cos ${formatCosine(quality.cosineMean)}`;
  const { meanAbs, top1Agreement } = quality.logit;
  const labels = top1Agreement === null ? '' : `, same label ${formatShare(top1Agreement)}`;
  return `logit diff ${formatDifference(meanAbs)}${labels}`;
}

/** `top-1 100% MRR@10 0.605 (reference 0.605)`; without labels the agreement of whole orders. Empty for models that do not rank. */
export function rankingText(quality: Quality): string {
  if (quality.state !== 'measured' || quality.ranking?.state !== 'measured') return '';
  const { top1Agreement, referenceTau, relevance } = quality.ranking;
  const top = `top-1 ${formatShare(top1Agreement)}`;
  if (relevance.state === 'measured')
    return `${top} MRR@10 ${formatRank(relevance.model.mrrAt10)} (reference ${formatRank(relevance.reference.mrrAt10)})`;
  return referenceTau === null ? top : `${top} tau ${formatRank(referenceTau)}`;
}

/** `goal latency-avg ✓ met`, of several `goals ✓ 2 met ✗ 1 missed`; empty without goals. */
export function goalsText(evaluator: readonly Evaluated[]): string {
  const goals = evaluator.flatMap(({ metric, goal }) => (goal === null ? [] : [{ metric, state: goal.state }]));
  const [only, another] = goals;
  if (only === undefined) return '';
  if (another === undefined) return `goal ${only.metric} ${goalSign(only.state)}`;
  const states: readonly GoalState[] = ['met', 'missed', 'unresolved'];
  const counts = states.map((state) => ({ state, count: goals.filter((goal) => goal.state === state).length }));
  return [
    'goals',
    ...counts.filter(({ count }) => count > 0).map(({ state, count }) => `${GOAL_SIGNS[state].sign} ${count} ${state}`),
  ].join(' ');
}

/** `✓ met`. */
export function goalSign(state: GoalState): string {
  return `${GOAL_SIGNS[state].sign} ${state}`;
}

/** What a goal asks for: `at most 9.99 ms: percent-min-improvement 0.1 over 10 ms, baseline: fp32 export`. */
export function goalText({ goal, unit, higherIsBetter }: Pick<Evaluated, 'goal' | 'unit' | 'higherIsBetter'>): string {
  if (goal === null) return '';
  const asked = `${goal.type} ${goal.value}`;
  if (goal.target === null) return asked;
  const target = `${higherIsBetter ? 'at least' : 'at most'} ${exactly(goal.target, unit)}`;
  if (goal.baseline === null) return target;
  return `${target}: ${asked} over ${exactly(goal.baseline.value, unit)}, baseline: fp32 export`;
}

/** Goals of a tenth of a percent are common: three digits would not show them. */
function exactly(value: number, unit: Evaluated['unit']): string {
  return [Number(value.toPrecision(5)), unit].filter((part) => part !== null && part !== 'share').join(' ');
}

/** A metric in its own unit. */
export function formatMetric(value: number, unit: Evaluated['unit']): string {
  if (unit === 'ms') return formatMs(value);
  if (unit === 'bytes') return `${(value / 1e6).toFixed(1)} MB`;
  if (unit === 'share') return formatCosine(value);
  return [Number(value.toPrecision(4)), unit].filter((part) => part !== null).join(' ');
}

/** Three digits, cut: a ranking is never shown better than it is. */
export function formatRank(value: number): string {
  return (Math.floor(value * 1_000 + 1e-9) / 1_000).toFixed(3);
}

/** Two significant digits. */
export function formatDifference(value: number): string {
  return value === 0 ? '0' : String(Number(value.toPrecision(2)));
}

/** What a ranking was measured over: `122 queries, 1126 candidates; 4 queries of one candidate left out`. */
export function rankingScope({ queries, candidates, singleCandidate }: RankingCounts): string {
  const scope = `${countQueries(queries)}, ${plural(candidates, 'candidate')}`;
  return singleCandidate === 0 ? scope : `${scope}; ${countQueries(singleCandidate)} of one candidate left out`;
}

/** What relevance was measured over: `120 queries; 2 without a relevant candidate left out`. */
export function relevanceScope({ queries, withoutRelevant, withoutIrrelevant }: RelevanceCounts): string {
  const left = [
    withoutRelevant === 0 ? [] : [`${withoutRelevant} without a relevant candidate`],
    withoutIrrelevant === 0 ? [] : [`${withoutIrrelevant} without another than relevant ones`],
  ].flat();
  return left.length === 0 ? countQueries(queries) : `${countQueries(queries)}; ${left.join(' and ')} left out`;
}

type Measured = Extract<Ranking, { state: 'measured' }>;
type RankingCounts = Pick<Measured, 'queries' | 'candidates' | 'singleCandidate'>;
type RelevanceCounts = Pick<Extract<Measured['relevance'], { state: 'measured' }>, 'queries' | 'withoutRelevant' | 'withoutIrrelevant'>;

function countQueries(count: number): string {
  return count === 1 ? '1 query' : `${count} queries`;
}
