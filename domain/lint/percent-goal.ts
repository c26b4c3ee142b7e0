import type { LintRule } from './rule.ts';

/** Olive reads percent goals as percent. Values below 1 are nearly always fractions. */
export const percentGoal: LintRule = {
  name: 'percent-goal',
  meaning: 'a percent goal below 1: Olive reads `0.05` as 0.05 %',
  remedy: 'write percent',
  check(recipe) {
    const goals = recipe.metrics.flatMap(({ subTypes }) => subTypes.map(({ goal, path }) => ({ goal, path })));
    return goals.flatMap(({ goal, path }) => {
      if (goal === null || !goal.type.startsWith('percent-') || goal.value >= 1) return [];
      return [
        {
          path: `${path}.goal.value`,
          message: `${goal.value} means ${goal.value} %, not ${Number((goal.value * 100).toPrecision(6))} %`,
          advice: `Write ${Number((goal.value * 100).toPrecision(6))} if that was meant.`,
        },
      ];
    });
  },
};
