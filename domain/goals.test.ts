import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { evaluateMetrics, type MetricFacts, needsBaseline, relativeTarget } from './goals.ts';
import type { Metric, MetricGoal, SubMetric } from './recipe/recipe.ts';

const RELATIVE = ['min-improvement', 'max-degradation', 'percent-min-improvement', 'percent-max-degradation'] as const;

function metric(change: Partial<SubMetric> = {}, type: Metric['type'] = 'latency'): Metric {
  const subType = { name: 'avg', path: '$', priority: 1, higherIsBetter: false, goal: null, config: {}, ...change };
  const common = { path: '$', backend: 'torch_metrics', dataConfig: null, warmupCount: 10, repeatCount: 20, sleepMs: 0 };
  return { name: type, type, subTypes: [subType], ...common };
}

const NOTHING: MetricFacts = { values: {}, missing: {}, baselines: {}, noBaseline: 'the export is not here' };
const measured = (value: number, baseline?: number): MetricFacts => ({
  ...NOTHING,
  values: { 'latency-avg': { value, unit: 'ms' } },
  baselines: baseline === undefined ? {} : { 'latency-avg': baseline },
});

const goalOf = (goal: MetricGoal, facts: MetricFacts, change: Partial<SubMetric> = {}) =>
  evaluateMetrics([metric({ goal, ...change })], facts)[0]?.goal;

describe('relativeTarget', () => {
  it.each([
    ['min-improvement', 2, false, 8],
    ['min-improvement', 2, true, 12],
    ['max-degradation', 2, false, 12],
    ['max-degradation', 2, true, 8],
    ['percent-min-improvement', 20, false, 8],
    ['percent-min-improvement', 20, true, 12],
    ['percent-max-degradation', 20, false, 12],
    ['percent-max-degradation', 20, true, 8],
  ] as const)('%s of %d from a baseline of 10, higher is better: %s, asks for %d', (type, value, higherIsBetter, target) => {
    expect(relativeTarget({ type, value }, 10, higherIsBetter)).toBeCloseTo(target, 12);
  });

  it('asks for nothing at 0, and of percent for what the same number of units would be', () => {
    const positive = fc.double({ min: 0.1, max: 1e4, noNaN: true });
    fc.assert(
      fc.property(fc.constantFrom(...RELATIVE), positive, fc.boolean(), (type, baseline, higher) => {
        expect(relativeTarget({ type, value: 0 }, baseline, higher)).toBe(baseline);
      }),
    );
    fc.assert(
      fc.property(positive, fc.double({ min: 0, max: 99, noNaN: true }), fc.boolean(), (baseline, value, higher) => {
        const units = (value * baseline) / 100;
        const [percent, absolute] = [
          relativeTarget({ type: 'percent-min-improvement', value }, baseline, higher),
          relativeTarget({ type: 'min-improvement', value: units }, baseline, higher),
        ];
        expect(percent).toBeCloseTo(absolute, 6);
      }),
    );
  });
});

describe('a goal', () => {
  const twentyPercent: MetricGoal = { type: 'percent-min-improvement', value: 20 };

  it('is met at its target and missed beyond it', () => {
    const relative = { ...twentyPercent, target: 8, baseline: { kind: 'fp32-export', value: 10 }, why: '' };
    expect(goalOf(twentyPercent, measured(8, 10))).toEqual({ ...relative, state: 'met' });
    expect(goalOf(twentyPercent, measured(8.001, 10))).toEqual({ ...relative, state: 'missed' });
  });

  it('of a threshold needs no baseline', () => {
    const threshold: MetricGoal = { type: 'threshold', value: 5 };
    expect(goalOf(threshold, measured(5))).toEqual({ ...threshold, state: 'met', target: 5, baseline: null, why: '' });
    expect(goalOf(threshold, measured(4), { higherIsBetter: true })).toMatchObject({ state: 'missed', target: 5 });
  });

  it('is unresolved with the reason, never guessed', () => {
    const unresolved = { state: 'unresolved', target: null, baseline: null };
    expect(goalOf(twentyPercent, measured(8))).toMatchObject({ ...unresolved, why: 'the export is not here' });
    expect(goalOf(twentyPercent, NOTHING)).toMatchObject({ ...unresolved, why: 'it was not measured' });
    expect(goalOf(twentyPercent, measured(8, 10), { priority: -1 })).toMatchObject({
      ...unresolved,
      why: expect.stringMatching(/priority/),
    });
  });

  it('is unresolved when its target is beyond what a number holds', () => {
    const huge: MetricGoal = { type: 'percent-max-degradation', value: 1e12 };
    expect(goalOf(huge, measured(8, 1e300))).toMatchObject({ state: 'unresolved', target: null, why: expect.stringMatching(/finite/) });
  });

  it('says why in no more words than a report holds', () => {
    const facts = { ...measured(8), noBaseline: 'x'.repeat(5_000) };
    expect(goalOf(twentyPercent, facts)?.why).toHaveLength(2_000);
  });

  it('needs a baseline when it is relative and counts', () => {
    expect(needsBaseline({ goal: twentyPercent, priority: 1 })).toBe(true);
    expect(needsBaseline({ goal: twentyPercent, priority: -1 })).toBe(false);
    expect(needsBaseline({ goal: { type: 'threshold', value: 5 }, priority: 1 })).toBe(false);
    expect(needsBaseline({ goal: null, priority: 1 })).toBe(false);
  });
});

describe('a metric without a value', () => {
  it('says why', () => {
    const metrics = [metric({ name: 'perplexity' }, 'accuracy'), metric({ name: 'x' }, 'custom')];
    const facts = { ...NOTHING, missing: { 'accuracy-perplexity': 'Grove does not compute perplexity' } };
    expect(evaluateMetrics(metrics, facts)).toMatchObject([
      { metric: 'accuracy-perplexity', value: null, unit: null, why: 'Grove does not compute perplexity', goal: null },
      { metric: 'custom-x', value: null, why: 'a custom metric is Python code' },
    ]);
  });
});
