import type { LintRule } from './rule.ts';

/** A relative goal needs a baseline, so Olive evaluates the PyTorch input model even where `evaluate_input_model` is false. */
export const evaluationBaseline: LintRule = {
  name: 'evaluation-baseline',
  check(recipe) {
    const goals = recipe.metrics.flatMap(({ subTypes }) => subTypes);
    const relative = goals.find(({ goal, priority }) => goal !== null && goal.type !== 'threshold' && priority > 0);
    if (relative === undefined || recipe.evaluatesInputModel) return [];
    return [
      {
        path: `${relative.path}.goal`,
        message:
          'a relative goal makes Olive measure the PyTorch input model on the target although evaluate_input_model is false; Grove leaves the goal unresolved',
        advice: 'Compare with a pinned cell of the matrix, or use a threshold goal.',
      },
    ];
  },
};
