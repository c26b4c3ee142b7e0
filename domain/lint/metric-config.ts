import { canonicalJson, type Json } from '../json.ts';
import { isJsonObject, jsonPath } from '../recipe/findings.ts';
import type { JsonObject } from '../recipe/recipe.ts';
import type { LintFinding, LintRule } from './rule.ts';

/** Olive gives every sub-type a metric_config and times all of them by the first one's; accuracy reads each its own. */
export const metricConfig: LintRule = {
  name: 'unused-metric-config',
  meaning: 'a sub-type of a latency or throughput metric has another `metric_config` than the first: Olive reads the first one only',
  remedy: 'move it to the first sub-type, or make it a metric of its own',
  check({ document }) {
    const evaluators = isJsonObject(document['evaluators']) ? document['evaluators'] : {};
    return Object.entries(evaluators).flatMap(([name, evaluator]) => {
      const metrics = isJsonObject(evaluator) ? listOf(evaluator['metrics']) : [];
      return metrics.flatMap((metric, index) => laterConfigs(metric, jsonPath('$.evaluators', name, 'metrics', index)));
    });
  },
};

/** Metrics that are one timing run for all sub-types. */
const TIMING = /^(latency|throughput)$/i;

function laterConfigs(metric: Json, path: string): readonly Omit<LintFinding, 'rule'>[] {
  if (!isJsonObject(metric) || typeof metric['type'] !== 'string' || !TIMING.test(metric['type'])) return [];
  const subTypes = listOf(metric['sub_types']);
  const [read] = subTypes.map(configOf);
  return subTypes.slice(1).flatMap((subType, index) => {
    const config = configOf(subType);
    // An equal one says what happens.
    if (config === undefined || canonicalJson(config) === canonicalJson(read ?? null)) return [];
    return [
      {
        path: jsonPath(path, 'sub_types', index + 1, 'metric_config'),
        message: 'only the metric_config of the first sub-type is read',
        advice: 'Move it to the first sub-type, or make it a metric of its own.',
      },
    ];
  });
}

function configOf(subType: Json): JsonObject | undefined {
  const config = isJsonObject(subType) ? subType['metric_config'] : undefined;
  return isJsonObject(config) ? config : undefined;
}

function listOf(value: Json | undefined): readonly Json[] {
  return Array.isArray(value) ? value : [];
}
