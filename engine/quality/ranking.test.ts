import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { rankCandidates, reciprocalRank } from './rank-metrics.ts';
import { rankingQuality } from './ranking.ts';

describe('rankingQuality', () => {
  const queries = [0, 0, 0, 1, 1];
  const labels = [1, 0, 0, 0, 1];

  it('of the Reference itself is complete agreement', () => {
    const scores = [3, 2, 1, 5, 4];
    expect(rankingQuality({ actual: scores, expected: scores, queries, labels })).toEqual({
      state: 'measured',
      ...{ queries: 2, candidates: 5, singleCandidate: 0, top1Agreement: 1, referenceTau: 1 },
      relevance: {
        state: 'measured',
        ...{ queries: 2, withoutRelevant: 0, withoutIrrelevant: 0 },
        model: expect.objectContaining({ mrrAt10: 0.75, map: 0.75 }),
        reference: expect.objectContaining({ mrrAt10: 0.75, map: 0.75 }),
      },
    });
  });

  it('falls when the model puts another candidate first', () => {
    const ranking = rankingQuality({ actual: [2, 3, 1, 5, 4], expected: [3, 2, 1, 5, 4], queries, labels });
    expect(ranking).toMatchObject({
      top1Agreement: 0.5,
      referenceTau: expect.closeTo((1 / 3 + 1) / 2, 12),
      relevance: { model: { mrrAt10: 0.5 }, reference: { mrrAt10: 0.75 } },
    });
  });

  it('takes rows of a query from anywhere in the file', () => {
    const apart = { actual: [3, 5, 2, 4, 1], expected: [3, 5, 2, 4, 1], queries: [0, 1, 0, 1, 0], labels: [1, 0, 0, 1, 0] };
    expect(rankingQuality(apart)).toMatchObject({ queries: 2, relevance: { model: { mrrAt10: 0.75 } } });
  });

  it('agrees by chance where the model ties its best, and with any of those the Reference ties', () => {
    const one = { queries: [0, 0], labels: [1, 0] };
    expect(rankingQuality({ ...one, actual: [1, 1], expected: [2, 1] })).toMatchObject({ top1Agreement: 0.5, referenceTau: 0 });
    expect(rankingQuality({ ...one, actual: [2, 1], expected: [1, 1] })).toMatchObject({ top1Agreement: 1, referenceTau: null });
  });

  it('counts the queries that no order serves better, and leaves them out of relevance', () => {
    const ranking = rankingQuality({
      ...{ actual: [1, 2, 1, 2, 1, 2, 9], expected: [1, 2, 1, 2, 1, 2, 9] },
      ...{ queries: [0, 0, 1, 1, 2, 2, 3], labels: [0, 1, 0, 0, 1, 1, 1] },
    });
    expect(ranking).toMatchObject({
      ...{ queries: 3, candidates: 6, singleCandidate: 1 },
      relevance: { queries: 1, withoutRelevant: 1, withoutIrrelevant: 1, model: { mrrAt10: 1, ndcgAt10: 1, map: 1, labelTau: 1 } },
    });
  });

  it('needs two candidates for one query, and labels for relevance', () => {
    expect(rankingQuality({ actual: [1, 2], expected: [1, 2], queries: [0, 1], labels: [1, 1] })).toMatchObject({ state: 'not-measured' });
    const ranking = rankingQuality({ actual: [1, 2], expected: [1, 2], queries: [0, 0], labels: [1, null] });
    expect(ranking).toMatchObject({
      state: 'measured',
      top1Agreement: 1,
      relevance: { state: 'not-measured', why: expect.stringMatching(/1 of the rows/) },
    });
  });

  it('survives scores that are not numbers', () => {
    const scores = [Number.NaN, Number.NaN];
    const ranking = rankingQuality({ actual: scores, expected: [2, 1], queries: [0, 0], labels: [1, 0] });
    expect(ranking).toMatchObject({ top1Agreement: 0.5, relevance: { model: { mrrAt10: 0.75, labelTau: 0 } } });
    expect(JSON.parse(JSON.stringify(ranking))).toEqual(ranking);
  });
});

const data = process.env['GROVE_TEST_DATA'];
if (data) {
  describe('on the reference scores of the tiny cross-encoder', () => {
    it('every query finds its one right passage where a count of better scores says', async () => {
      const lines = (await readFile(join(data, 'tiny-cross-encoder', 'reference_scores.jsonl'), 'utf8')).trim().split('\n');
      const rows: { qid: string; label: number; logit: number }[] = lines.map((line) => JSON.parse(line));
      const ids = [...new Set(rows.map(({ qid }) => qid))];
      const scores = rows.map(({ logit }) => logit);
      const labels = rows.map(({ label }) => label);
      const ranking = rankingQuality({ actual: scores, expected: scores, queries: rows.map(({ qid }) => ids.indexOf(qid)), labels });

      const ranks = rows
        .filter(({ label }) => label === 1)
        .map((right) => 1 + rows.filter(({ qid, logit }) => qid === right.qid && logit > right.logit).length);
      const byHand = ranks.reduce((sum, rank) => sum + 1 / rank, 0) / ranks.length;
      expect(ranking).toMatchObject({ queries: 40, candidates: 200, top1Agreement: 1, relevance: { queries: 40 } });
      if (ranking.state !== 'measured' || ranking.relevance.state !== 'measured') throw new Error('not measured');
      expect(ranking.relevance.model.mrrAt10).toBeCloseTo(byHand, 12);
      expect(ranking.relevance.model.map).toBeCloseTo(byHand, 12);
      expect(reciprocalRank(rankCandidates(rows.slice(0, 5).map(({ logit, label }) => ({ score: logit, label }))), 10)).toBe(
        1 / (ranks[0] ?? 0),
      );
    });
  });
}
