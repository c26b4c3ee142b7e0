import { compare } from './kendall.ts';

/**
 * How good an order of one query's candidates is. Candidates with equal scores have no order of their own: every measure is its expectation over all orders
 * of each tie (McSherry and Najork 2008, "Computing information retrieval performance measures efficiently in the presence of tied scores"), so that
 * neither the order of the file nor a coarse number format is an advantage.
 */

/** One candidate of a query. */
export interface Candidate {
  readonly score: number;
  /** Its relevance label; relevant when above 0. */
  readonly label: number;
}

/** Candidates of one score, in falling order of score. */
export interface TieGroup {
  /** Candidates ranked before this group. */
  readonly before: number;
  readonly size: number;
  readonly relevant: number;
  /** Sum of the labels of relevant candidates. */
  readonly gain: number;
}

/** Ranks candidates by falling score; NaN comes last. */
export function rankCandidates(candidates: readonly Candidate[]): readonly TieGroup[] {
  const sorted = [...candidates].sort((a, b) => compare(b.score, a.score));
  const groups: TieGroup[] = [];
  let start = 0;
  for (let end = 1; end <= sorted.length; end++) {
    if (end < sorted.length && compare(sorted[end]?.score, sorted[start]?.score) === 0) continue;
    const gains = sorted.slice(start, end).map(({ label }) => Math.max(0, label));
    const relevant = gains.filter((gain) => gain > 0).length;
    groups.push({ before: start, size: end - start, relevant, gain: gains.reduce((sum, gain) => sum + gain, 0) });
    start = end;
  }
  return groups;
}

/** One over the rank of the first relevant candidate; 0 when it lies below `cutoff` or there is none (Voorhees 1999, TREC-8 question answering). */
export function reciprocalRank(ranking: readonly TieGroup[], cutoff: number): number {
  const group = ranking.find(({ relevant }) => relevant > 0);
  if (group === undefined) return 0;
  let expected = 0;
  let noneYet = 1;
  for (let place = 0; place <= group.size - group.relevant; place++) {
    const rank = group.before + place + 1;
    const first = group.relevant / (group.size - place);
    if (rank <= cutoff) expected += (noneYet * first) / rank;
    noneYet *= 1 - first;
  }
  return expected;
}

/** Mean over all relevant candidates of the precision at their ranks, over the whole list; 0 when there is none. */
export function averagePrecision(ranking: readonly TieGroup[]): number {
  let relevantBefore = 0;
  let sum = 0;
  for (const { before, size, relevant } of ranking) {
    for (let place = 0; place < size; place++) {
      const others = size === 1 ? 0 : (place * (relevant - 1)) / (size - 1);
      sum += ((relevant / size) * (relevantBefore + others + 1)) / (before + place + 1);
    }
    relevantBefore += relevant;
  }
  return relevantBefore === 0 ? 0 : sum / relevantBefore;
}

/**
 * Discounted cumulated gain of the first `cutoff` ranks over that of the best order, with the label as gain and 1/log2(rank + 1) as discount (Järvelin and
 * Kekäläinen 2002, as trec_eval computes `ndcg_cut`); 0 when there is nothing to gain.
 */
export function normalizedGain(candidates: readonly Candidate[], cutoff: number): number {
  const best = cumulatedGain(rankCandidates(candidates.map(({ label }) => ({ score: label, label }))), cutoff);
  return best === 0 ? 0 : cumulatedGain(rankCandidates(candidates), cutoff) / best;
}

function cumulatedGain(ranking: readonly TieGroup[], cutoff: number): number {
  let total = 0;
  for (const { before, size, gain } of ranking) {
    for (let rank = before + 1; rank <= Math.min(before + size, cutoff); rank++) total += gain / size / Math.log2(rank + 1);
  }
  return total;
}
