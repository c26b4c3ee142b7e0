import type { LintRule } from './rule.ts';

/** A relative goal needs a baseline, so Olive evaluates the PyTorch input model even where `evaluate_input_model` is false. */
export const evaluationBaseline: LintRule = {
  name: 'evaluation-baseline',
  meaning:
    'a relative goal makes Olive measure the PyTorch model on the target although `evaluate_input_model` is off; Grove measures its fp32 export there instead',
  remedy: 'expect other outcomes where the two differ in speed, or use a threshold',
  check(recipe) {
    const goals = recipe.metrics.flatMap(({ subTypes }) => subTypes);
    const relative = goals.find(({ goal, priority }) => goal !== null && goal.type !== 'threshold' && priority > 0);
    if (relative === undefined || recipe.evaluatesInputModel) return [];
    return [
      {
        path: `${relative.path}.goal`,
        message:
          'a relative goal makes Olive measure the PyTorch input model on the target although evaluate_input_model is false; Grove measures the fp32 export there instead',
        advice: 'Expect other outcomes than with Olive where export and PyTorch model differ in speed, or use a threshold goal.',
      },
    ];
  },
};
