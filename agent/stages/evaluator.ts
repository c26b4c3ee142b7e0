import { evaluateMetrics, metricKey } from '../../domain/goals.ts';
import type { FileMap } from '../../domain/manifest.ts';
import type { Metric, Recipe, SubMetric } from '../../domain/recipe/recipe.ts';
import type { BenchmarkReport } from '../../domain/report.ts';
import type { QualityRequest } from '../../engine/quality/run-quality.ts';
import { EXPORT_FOLDER } from './baseline.ts';
import type { BenchmarkJudged } from './benchmark-values.ts';
import { evaluationDataOf } from './evaluation-data.ts';

/** Olive's own arg-max over the labels, which is also the default of text classification. */
const ARG_MAX = 'text_classification_post_process';

/** The `accuracy` sub-metrics a quality launch is to compute. */
export function accuracyMetricsOf(recipe: Recipe): QualityRequest['accuracy'] {
  return subMetricsOf(recipe, 'accuracy').flatMap(({ metric, subType }) => {
    if (whyNotComputed(recipe, metric) !== undefined) return [];
    return [{ metric: metricKey(metric, subType), subType: subType.name, config: subType.config }];
  });
}

/** Why Grove leaves an accuracy metric alone, whatever the model answers. */
function whyNotComputed(recipe: Pick<Recipe, 'metrics' | 'dataConfigs'>, { backend, dataConfig }: Metric): string | undefined {
  if (backend !== 'torch_metrics') return `backend ${backend} is Python code`;
  const data = evaluationDataOf(recipe);
  if (data === undefined || dataConfig !== data.name)
    return `it evaluates on ${dataConfig ?? 'no data_config'}, the Reference holds ${data?.name ?? 'none'}`;
  const { type } = data.postProcess;
  return type === null || type.toLowerCase() === ARG_MAX ? undefined : `post-processing ${type} is not done natively`;
}

type Evaluation = Pick<BenchmarkReport, 'olive'> & { readonly evaluator: NonNullable<BenchmarkReport['evaluator']> };

/** Every metric of the recipe's evaluator as Olive defines it, and what became of its goal. */
export function evaluateRecipe({ recipe, conversion, olive, accuracy, baseline }: BenchmarkJudged): Evaluation {
  const sizes = subMetricsOf(recipe, 'size_on_disk').map(({ metric, subType }) => metricKey(metric, subType));
  const values: BenchmarkReport['olive'] = { ...olive };
  for (const key of sizes) values[key] = { value: sizeBelow(conversion.artifact.files, ''), unit: 'bytes' };
  for (const { metric, value } of accuracy) if (value !== null) values[metric] = { value, unit: 'share' };
  const missing = { ...notComputed(recipe), ...Object.fromEntries(accuracy.map(({ metric, why }) => [metric, why])) };
  const baselines = baseline.isFloat32
    ? { ...measuredBaselines(baseline.olive), ...accuracyBaselines(accuracy), ...sizeBaselines(conversion, sizes) }
    : {};
  return {
    olive: values,
    evaluator: evaluateMetrics(recipe.metrics, { values, missing, baselines, noBaseline: baseline.why || NO_EXPORT }),
  };
}

const NO_EXPORT = 'there is no fp32 export to compare with';

function subMetricsOf(
  { metrics }: Pick<Recipe, 'metrics'>,
  type: Metric['type'],
): { readonly metric: Metric; readonly subType: SubMetric }[] {
  return metrics.filter((metric) => metric.type === type).flatMap((metric) => metric.subTypes.map((subType) => ({ metric, subType })));
}

function notComputed(recipe: Recipe): Record<string, string> {
  const entries = subMetricsOf(recipe, 'accuracy').flatMap(({ metric, subType }) => {
    const why = whyNotComputed(recipe, metric);
    return why === undefined ? [] : [[metricKey(metric, subType), why] as const];
  });
  return Object.fromEntries(entries);
}

function measuredBaselines(olive: BenchmarkReport['olive']): Record<string, number> {
  return Object.fromEntries(Object.entries(olive).map(([key, { value }]) => [key, value]));
}

/** The Reference is the export's answer. */
function accuracyBaselines(accuracy: BenchmarkJudged['accuracy']): Record<string, number> {
  return Object.fromEntries(
    accuracy.flatMap(({ metric, referenceValue }) => (referenceValue === null ? [] : [[metric, referenceValue] as const])),
  );
}

function sizeBaselines({ reference }: BenchmarkJudged['conversion'], keys: readonly string[]): Record<string, number> {
  const sizeBytes = sizeBelow(reference?.files ?? {}, `${EXPORT_FOLDER}/`);
  return sizeBytes === 0 ? {} : Object.fromEntries(keys.map((key) => [key, sizeBytes]));
}

/** Graph and weights, without the descriptions beside them. */
function sizeBelow(files: FileMap, folder: string): number {
  const model = Object.entries(files).filter(([path]) => path.startsWith(folder) && !path.endsWith('.json'));
  return model.reduce((sum, [, { sizeBytes }]) => sum + sizeBytes, 0);
}
