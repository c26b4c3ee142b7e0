import type { LintRule } from './rule.ts';

/** Without rows Olive feeds ones of the model's static shape, and that only for latency. */
export const metricWithoutData: LintRule = {
  name: 'metric-without-data',
  meaning:
    'a throughput or accuracy metric names no `data_config`: Olive cannot evaluate it; Grove measures throughput with generated inputs',
  remedy: 'name the data_config',
  check: (recipe) =>
    recipe.metrics
      .filter(({ type, dataConfig }) => (type === 'throughput' || type === 'accuracy') && dataConfig === null)
      .map(({ path, name, type }) => ({
        path,
        message: `${type} metric "${name}" names no data_config, without which Olive cannot evaluate it`,
        advice: 'Add data_config, as the latency metric has it.',
      })),
};
