import type { Metric, Recipe } from '../../domain/recipe/recipe.ts';
import { type OliveMetric, oliveMetricSchema } from '../../engine/benchmark/olive-metrics.ts';

/** The recipe's latency and throughput metrics, for the launch that measures them as Olive would. Others (accuracy, size) are not timings. */
export function oliveMetricsOf(recipe: Recipe): OliveMetric[] {
  return recipe.metrics.flatMap((metric) => {
    const { type, name, warmupCount, repeatCount, sleepMs } = metric;
    if (type !== 'latency' && type !== 'throughput') return [];
    const candidate = {
      name,
      type,
      subTypes: metric.subTypes.map((subType) => subType.name),
      warmupCount,
      repeatCount,
      sleepMs,
      batchSize: batchSizeOf(recipe, metric),
    };
    const parsed = oliveMetricSchema.safeParse(candidate);
    return parsed.success ? [parsed.data] : [];
  });
}

/** Olive multiplies throughput by the batch size of the metric's data config. */
function batchSizeOf({ dataConfigs }: Recipe, { dataConfig }: Metric): number {
  return dataConfigs.find(({ name }) => name === dataConfig)?.batchSize ?? 1;
}
