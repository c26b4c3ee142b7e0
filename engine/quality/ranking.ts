import type { Ranking, RankingScores } from '../../domain/report.ts';
import { mean } from '../../domain/statistics.ts';
import { compare, kendallTauB } from './kendall.ts';
import { averagePrecision, type Candidate, normalizedGain, rankCandidates, reciprocalRank } from './rank-metrics.ts';

/** Ranks that MRR@10 and NDCG@10 look at. */
const CUTOFF = 10;

/** Scores of query-passage pairs, one array entry a row. */
export interface ScoredPairs {
  readonly actual: readonly number[];
  /** The Reference's scores. */
  readonly expected: readonly number[];
  /** Number of the query a row belongs to; rows of one query need not follow each other. */
  readonly queries: readonly number[];
  /** Relevance; null where the data has no number. */
  readonly labels: readonly (number | null)[];
}

type Relevance = Extract<Ranking, { state: 'measured' }>['relevance'];

/**
 * Ranking quality of a model that gives one score a pair. Agreement with the Reference counts every query with two candidates or more; measures of
 * relevance only those with a relevant and a non-relevant candidate, because the others rank equally well in any order. Each query counts the same.
 */
export function rankingQuality(pairs: ScoredPairs): Ranking {
  const all = rowsByQuery(pairs.queries);
  const queries = all.filter((rows) => rows.length > 1);
  if (queries.length === 0) return { state: 'not-measured', why: 'no query has more than one candidate' };
  return {
    state: 'measured',
    queries: queries.length,
    candidates: queries.reduce((sum, rows) => sum + rows.length, 0),
    singleCandidate: all.length - queries.length,
    top1Agreement: share(queries.map((rows) => sameTop(rows, pairs))),
    referenceTau: tauWithReference(queries, pairs),
    relevance: relevanceOf(queries, pairs),
  };
}

type Rows = readonly number[];

function rowsByQuery(queries: readonly number[]): readonly Rows[] {
  const byQuery = new Map<number, number[]>();
  for (const [row, query] of queries.entries()) {
    const rows = byQuery.get(query);
    if (rows === undefined) byQuery.set(query, [row]);
    else rows.push(row);
  }
  return [...byQuery.values()];
}

/** Chance that a candidate the model puts first is one the Reference puts first: 1 or 0 unless the model ties several. */
function sameTop(rows: Rows, { actual, expected }: ScoredPairs): number {
  const best = topOf(rows, actual);
  const wanted = new Set(topOf(rows, expected));
  return best.filter((row) => wanted.has(row)).length / best.length;
}

function topOf(rows: Rows, scores: readonly number[]): Rows {
  const highest = rows.reduce((best, row) => (compare(scores[row], scores[best]) > 0 ? row : best));
  return rows.filter((row) => compare(scores[row], scores[highest]) === 0);
}

/** A query whose candidates the Reference does not tell apart has no order to keep. A model that ties what the Reference tells apart keeps none of it. */
function tauWithReference(queries: readonly Rows[], { actual, expected }: ScoredPairs): number | null {
  const ordered = queries.filter((rows) => topOf(rows, expected).length < rows.length);
  if (ordered.length === 0) return null;
  return bounded(mean(ordered.map((rows) => kendallTauB(pick(actual, rows), pick(expected, rows)) ?? 0)));
}

function relevanceOf(queries: readonly Rows[], { actual, expected, labels }: ScoredPairs): Relevance {
  const unlabelled = queries.flat().filter((row) => labels[row] === null);
  if (unlabelled.length > 0) return { state: 'not-measured', why: `${unlabelled.length} of the rows have no numeric label` };
  const labelled = queries.map((rows) => ({ rows, gains: rows.map((row) => labels[row] ?? 0) }));
  const withoutRelevant = labelled.filter(({ gains }) => gains.every((gain) => gain <= 0)).length;
  const withoutIrrelevant = labelled.filter(({ gains }) => gains.every((gain) => gain > 0)).length;
  const judged = labelled.filter(({ gains }) => gains.some((gain) => gain > 0) && gains.some((gain) => gain <= 0));
  if (judged.length === 0) return { state: 'not-measured', why: 'no query has both a relevant and a non-relevant candidate' };
  const scoresOf = (scores: readonly number[]) =>
    meanScores(judged.map(({ rows, gains }) => rows.map((row, index) => ({ score: scores[row] ?? Number.NaN, label: gains[index] ?? 0 }))));
  const counts = { queries: judged.length, withoutRelevant, withoutIrrelevant };
  return { state: 'measured', ...counts, model: scoresOf(actual), reference: scoresOf(expected) };
}

function meanScores(queries: readonly (readonly Candidate[])[]): RankingScores {
  const rankings = queries.map(rankCandidates);
  return {
    mrrAt10: share(rankings.map((ranking) => reciprocalRank(ranking, CUTOFF))),
    ndcgAt10: share(queries.map((candidates) => normalizedGain(candidates, CUTOFF))),
    map: share(rankings.map(averagePrecision)),
    labelTau: bounded(mean(queries.map(labelTau))),
  };
}

/** Scores that are all equal say nothing about relevance. */
function labelTau(candidates: readonly Candidate[]): number {
  return (
    kendallTauB(
      candidates.map(({ score }) => score),
      candidates.map(({ label }) => label),
    ) ?? 0
  );
}

function pick(scores: readonly number[], rows: Rows): number[] {
  return rows.map((row) => scores[row] ?? Number.NaN);
}

/** Mean of shares; sums of rounded parts may exceed 1 by a hair. */
function share(values: readonly number[]): number {
  return Math.min(1, mean(values));
}

function bounded(tau: number): number {
  return Math.max(-1, Math.min(1, tau));
}
