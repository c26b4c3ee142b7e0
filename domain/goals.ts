import type { Metric, MetricGoal, SubMetric } from './recipe/recipe.ts';
import { type BenchmarkReport, boundedText } from './report.ts';

/** What was found out about the metrics of a recipe's evaluator. Keys are `<metric>-<sub-type>`. */
export interface MetricFacts {
  readonly values: BenchmarkReport['olive'];
  /** Why a metric has no value, where more is known than that nobody computes it. */
  readonly missing: Readonly<Record<string, string>>;
  /** The same metrics of the export before any later pass, as far as they were needed. */
  readonly baselines: Readonly<Record<string, number>>;
  /** Why a baseline is not among them. */
  readonly noBaseline: string;
}

type Evaluated = NonNullable<BenchmarkReport['evaluator']>[number];
type GoalOutcome = NonNullable<Evaluated['goal']>;

/** A sub-metric's name among results, as Olive joins it. */
export function metricKey({ name }: Pick<Metric, 'name'>, subType: Pick<SubMetric, 'name'>): string {
  return `${name}-${subType.name}`;
}

/** Whether an outcome depends on a baseline: goals count with a priority only, as with Olive. */
export function needsBaseline({ goal, priority }: Pick<SubMetric, 'goal' | 'priority'>): boolean {
  return priority > 0 && goal !== null && goal.type !== 'threshold';
}

/** Every sub-metric of the evaluator in its order, with its value and what became of its goal. */
export function evaluateMetrics(metrics: readonly Metric[], facts: MetricFacts): Evaluated[] {
  return metrics.flatMap((metric) => metric.subTypes.map((subType) => evaluateMetric(metric, subType, facts)));
}

function evaluateMetric(metric: Metric, subType: SubMetric, facts: MetricFacts): Evaluated {
  const key = metricKey(metric, subType);
  const found = facts.values[key];
  const why = found === undefined ? (facts.missing[key] ?? NOT_COMPUTED[metric.type]) : '';
  const { higherIsBetter, priority, goal } = subType;
  const result = { value: found?.value ?? null, unit: found?.unit ?? null };
  const measured = { metric: key, ...result, higherIsBetter, priority, why: boundedText(why) };
  return { ...measured, goal: goal === null ? null : judge(goal, { measured, baseline: facts.baselines[key], facts }) };
}

const NOT_COMPUTED: Readonly<Record<Metric['type'], string>> = {
  latency: 'it was not measured',
  throughput: 'it was not measured',
  accuracy: 'there is no Reference with labels to compute it from',
  size_on_disk: 'the size of the model is not known',
  custom: 'a custom metric is Python code',
};

interface GoalContext {
  readonly measured: Pick<Evaluated, 'value' | 'priority' | 'higherIsBetter' | 'why'>;
  readonly baseline: number | undefined;
  readonly facts: Pick<MetricFacts, 'noBaseline'>;
}

function judge(goal: MetricGoal, { measured, baseline, facts }: GoalContext): GoalOutcome {
  const { value, priority, higherIsBetter, why } = measured;
  const stated = { type: goal.type, value: goal.value };
  const unresolved = (reason: string): GoalOutcome => ({
    ...stated,
    state: 'unresolved',
    target: null,
    baseline: null,
    why: boundedText(reason),
  });
  if (priority <= 0) return unresolved('a goal counts only where its sub-metric has a priority');
  if (value === null) return unresolved(why);
  if (goal.type === 'threshold') return { ...stated, ...outcome(value, goal.value, higherIsBetter), baseline: null };
  if (baseline === undefined) return unresolved(facts.noBaseline);
  const target = relativeTarget(goal, baseline, higherIsBetter);
  if (!Number.isFinite(target)) return unresolved(`${goal.value} from a baseline of ${baseline} is no finite target`);
  return { ...stated, ...outcome(value, target, higherIsBetter), baseline: { kind: 'fp32-export', value: baseline } };
}

function outcome(value: number, target: number, higherIsBetter: boolean): Pick<GoalOutcome, 'state' | 'target' | 'why'> {
  const isMet = higherIsBetter ? value >= target : value <= target;
  return { state: isMet ? 'met' : 'missed', target, why: '' };
}

/**
 * What a relative goal asks for, from its baseline, as Olive resolves it: an improvement goes in the direction that is better, a degradation against it;
 * percent values are percent of the baseline. Throws RangeError for a threshold, which is relative to nothing.
 */
export function relativeTarget({ type, value }: MetricGoal, baseline: number, higherIsBetter: boolean): number {
  const better = higherIsBetter ? 1 : -1;
  switch (type) {
    case 'min-improvement':
      return baseline + better * value;
    case 'max-degradation':
      return baseline - better * value;
    case 'percent-min-improvement':
      return baseline * (1 + (better * value) / 100);
    case 'percent-max-degradation':
      return baseline * (1 - (better * value) / 100);
    case 'threshold':
      throw new RangeError('a threshold has no baseline');
  }
}
