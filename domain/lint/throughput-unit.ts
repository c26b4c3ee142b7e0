import type { LintRule } from './rule.ts';

/** Olive labels throughput "token per second" and computes batch size divided by latency. */
export const throughputUnit: LintRule = {
  name: 'throughput-is-not-tokens',
  meaning: 'Olive labels batch size divided by latency "token per second"',
  remedy: 'read it as inferences per second',
  check: (recipe) =>
    recipe.metrics
      .filter(({ type }) => type === 'throughput')
      .map(({ path }) => ({
        path,
        message: 'throughput is samples per second (batch size divided by latency), from a timing run of its own; no tokens are counted',
        advice: 'Read it as inferences per second at the batch size of the data_config.',
      })),
};
