import { describe, expect, it } from 'vitest';
import { reportOf } from '../test/farm/results.ts';
import { benchmarkReportSchema, boundedText } from './report.ts';

const SIMILARITY = { cosineMean: 1, cosineMin: 1, cosinePooled: null, sqnrDb: null, maxAbsDifference: 0 };
const BOUND = { metric: 'cosine', min: 0.99, isDefault: true } as const;
const MEASURED = { state: 'measured', rows: 1, ...SIMILARITY, logit: null, bound: BOUND, passed: true } as const;

describe('a benchmark report', () => {
  it('of version 1 is read as it was written', () => {
    const report = { ...reportOf(), schemaVersion: 1, quality: MEASURED };
    expect(benchmarkReportSchema.parse(JSON.parse(JSON.stringify(report)))).toEqual(report);
  });

  it('of version 2 carries further outputs, ranking and the metrics of the evaluator', () => {
    const scores = { mrrAt10: 0.6, ndcgAt10: 0.7, map: 0.6, labelTau: 0.3 };
    const relevance = {
      state: 'measured',
      queries: 2,
      withoutRelevant: 1,
      withoutIrrelevant: 0,
      model: scores,
      reference: scores,
    } as const;
    const counts = { queries: 3, candidates: 9, singleCandidate: 0 };
    const ranking = { state: 'measured', ...counts, top1Agreement: 1, referenceTau: 0.99, relevance } as const;
    const quality = { ...MEASURED, furtherOutputs: [{ name: 'pooled', ...SIMILARITY }], furtherOutputsLeftOut: 2, ranking };
    const goal = { type: 'threshold', value: 5, state: 'met', target: 5, baseline: null, why: '' } as const;
    const metric = { metric: 'latency-avg', value: 4, unit: 'ms', higherIsBetter: false, priority: 1, why: '', goal } as const;
    const report = { ...reportOf(), schemaVersion: 2, quality, evaluator: [metric] };
    expect(benchmarkReportSchema.parse(JSON.parse(JSON.stringify(report)))).toEqual(report);
  });

  it('of a version nobody knows is refused by its number', () => {
    const { error } = benchmarkReportSchema.safeParse({ ...reportOf(), schemaVersion: 3 });
    expect(error?.issues.map(({ path }) => path.join('.'))).toEqual(['schemaVersion']);
  });

  it('holds words from outside that were cut to its bound', () => {
    const quality = (why: string) => benchmarkReportSchema.shape.quality.safeParse({ state: 'not-measured', why }).success;
    expect([quality('x'.repeat(2_001)), quality(boundedText('x'.repeat(2_001)))]).toEqual([false, true]);
    expect(boundedText('x'.repeat(2_000))).toBe('x'.repeat(2_000));
    expect(boundedText('x'.repeat(2_001)).at(-1)).toBe('…');
  });
});
