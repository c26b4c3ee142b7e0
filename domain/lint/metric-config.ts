import type { Json } from '../json.ts';
import { isJsonObject, jsonPath } from '../recipe/findings.ts';
import type { LintFinding, LintRule } from './rule.ts';

/** Olive gives every sub-type a metric_config and reads the first one's. */
export const metricConfig: LintRule = {
  name: 'unused-metric-config',
  meaning: 'a `metric_config` behind the first sub-type of a metric: Olive reads the first one only',
  remedy: 'move it to the first sub-type, or make it a metric of its own',
  check({ document }) {
    const evaluators = isJsonObject(document['evaluators']) ? document['evaluators'] : {};
    return Object.entries(evaluators).flatMap(([name, evaluator]) => {
      const metrics = isJsonObject(evaluator) ? listOf(evaluator['metrics']) : [];
      return metrics.flatMap((metric, index) => laterConfigs(metric, jsonPath('$.evaluators', name, 'metrics', index)));
    });
  },
};

function laterConfigs(metric: Json, path: string): readonly Omit<LintFinding, 'rule'>[] {
  const subTypes = isJsonObject(metric) ? listOf(metric['sub_types']) : [];
  return subTypes.slice(1).flatMap((subType, index) => {
    if (!isJsonObject(subType) || !isJsonObject(subType['metric_config'])) return [];
    return [
      {
        path: jsonPath(path, 'sub_types', index + 1, 'metric_config'),
        message: 'only the metric_config of the first sub-type is read',
        advice: 'Move it to the first sub-type, or make it a metric of its own.',
      },
    ];
  });
}

function listOf(value: Json | undefined): readonly Json[] {
  return Array.isArray(value) ? value : [];
}
