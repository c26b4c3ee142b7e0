import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { reportOf } from '../test/farm/results.ts';
import { reportText } from './cell-text.ts';
import { formatMetric, formatRank, goalsText, goalText, qualityText, rankingScope, rankingText, relevanceScope } from './quality-text.ts';
import type { BenchmarkReport, Quality } from './report.ts';

type Measured = Extract<Quality, { state: 'measured' }>;
type Evaluated = NonNullable<BenchmarkReport['evaluator']>[number];

const quality = (change: Partial<Measured> = {}): Measured => ({
  ...{ state: 'measured', rows: 1, cosineMean: 0.99812, cosineMin: 0.9, cosinePooled: null, sqnrDb: null, maxAbsDifference: 0.1 },
  ...{ logit: null, bound: { metric: 'cosine', min: 0.99, isDefault: true }, passed: true },
  ...change,
});

const SCORES = { mrrAt10: 0.60569, ndcgAt10: 0.7, map: 0.6, labelTau: 0.3 };
const RELEVANCE = { state: 'measured', queries: 120, withoutRelevant: 2, withoutIrrelevant: 0, model: SCORES, reference: SCORES } as const;
const RANKING = {
  state: 'measured',
  queries: 122,
  candidates: 1126,
  singleCandidate: 0,
  top1Agreement: 1,
  referenceTau: 0.99961,
  relevance: RELEVANCE,
} as const;

const metric = (name: string, state: 'met' | 'missed' | 'unresolved'): Evaluated => ({
  ...{ metric: name, value: 9.8, unit: 'ms', higherIsBetter: false, priority: 1, why: '' },
  goal: { type: 'percent-min-improvement', value: 0.1, state, target: 9.99, baseline: { kind: 'fp32-export', value: 10 }, why: '' },
});

describe('quality in words', () => {
  it('is the cosine, or the difference of logits where there are any', () => {
    expect(qualityText(quality())).toBe('cos 0.9981');
    expect(qualityText(quality({ logit: { meanAbs: 0.000214, maxAbs: 1, top1Agreement: null, agreement: 1 } }))).toBe('logit diff 0.00021');
    expect(qualityText(quality({ logit: { meanAbs: 0, maxAbs: 0, top1Agreement: 0.996, agreement: null } }))).toBe(
      'logit diff 0, same label 99%',
    );
    expect(qualityText({ state: 'not-measured', why: '' })).toBe('quality not measured');
  });

  it('says of a ranker how often the best stays, and its reciprocal rank beside that of the Reference', () => {
    expect(rankingText(quality({ ranking: RANKING }))).toBe('top-1 100% MRR@10 0.605 (reference 0.605)');
    const unlabelled = { ...RANKING, relevance: { state: 'not-measured', why: '' } } as const;
    expect(rankingText(quality({ ranking: unlabelled }))).toBe('top-1 100% tau 0.999');
    expect(rankingText(quality({ ranking: { state: 'not-measured', why: 'x' } }))).toBe('');
    expect(rankingText(quality())).toBe('');
  });

  it('counts what a ranking was measured over and what was left out', () => {
    expect(rankingScope(RANKING)).toBe('122 queries, 1126 candidates');
    expect(rankingScope({ ...RANKING, queries: 1, singleCandidate: 4 })).toBe(
      '1 query, 1126 candidates; 4 queries of one candidate left out',
    );
    expect(relevanceScope(RELEVANCE)).toBe('120 queries; 2 without a relevant candidate left out');
    expect(relevanceScope({ ...RELEVANCE, withoutRelevant: 0 })).toBe('120 queries');
  });

  it('never shows a ranking better than it is', () => {
    fc.assert(fc.property(fc.double({ min: 0, max: 1, noNaN: true }), (value) => Number(formatRank(value)) <= value + 1e-8));
  });
});

describe('goals in words', () => {
  it('carry a sign beside the colour of a page', () => {
    expect(goalsText([metric('latency-avg', 'met')])).toBe('goal latency-avg ✓ met');
    expect(goalsText([metric('a', 'met'), metric('b', 'missed'), metric('c', 'missed'), metric('d', 'unresolved')])).toBe(
      'goals ✓ 1 met ✗ 2 missed ? 1 unresolved',
    );
    expect(goalsText([{ ...metric('a', 'met'), goal: null }])).toBe('');
  });

  it('name what a relative goal is relative to', () => {
    expect(goalText(metric('latency-avg', 'met'))).toBe('at most 9.99 ms: percent-min-improvement 0.1 over 10 ms, baseline: fp32 export');
    const threshold = { type: 'threshold', value: 0.9, state: 'met', target: 0.9, baseline: null, why: '' } as const;
    expect(goalText({ goal: threshold, unit: 'share', higherIsBetter: true })).toBe('at least 0.9');
    const open = { type: 'max-degradation', value: 1, state: 'unresolved', target: null, baseline: null, why: 'x' } as const;
    expect(goalText({ goal: open, unit: null, higherIsBetter: true })).toBe('max-degradation 1');
  });

  it('and metrics keep their unit', () => {
    expect([
      formatMetric(9.876, 'ms'),
      formatMetric(100.04, 'inferences/s'),
      formatMetric(0.91237, 'share'),
      formatMetric(45_400_000, 'bytes'),
    ]).toEqual([...['9.88 ms', '100 inferences/s', '0.9123', '45.4 MB']]);
  });
});

describe('a benchmark in one line', () => {
  it('has latency, quality and goals', () => {
    const report = reportOf({ quality: quality({ ranking: RANKING }), evaluator: [metric('latency-avg', 'missed')] });
    expect(reportText(report)).toBe('10.0 ms ±1.0%, cos 0.9981, top-1 100% MRR@10 0.605 (reference 0.605), goal latency-avg ✗ missed');
  });
});
