import type { Recipe } from '../recipe/recipe.ts';
import { crossEncoderWithoutHead } from './cross-encoder-without-head.ts';
import { dataOfFixedShape } from './data-of-fixed-shape.ts';
import { deadSettings } from './dead-settings.ts';
import { evaluationBaseline } from './evaluation-baseline.ts';
import { passEvaluator } from './pass-evaluator.ts';
import { percentGoal } from './percent-goal.ts';
import type { LintFinding, LintRule } from './rule.ts';
import { surgeryAfterFloat16 } from './surgery-after-float16.ts';
import { throughputUnit } from './throughput-unit.ts';

/** Every rule on a recipe alone, in the order its findings are shown. */
export const LINT_RULES: readonly LintRule[] = [
  crossEncoderWithoutHead,
  surgeryAfterFloat16,
  deadSettings,
  dataOfFixedShape,
  percentGoal,
  evaluationBaseline,
  passEvaluator,
  throughputUnit,
];

/** What the recipe does not do although it looks as if it did. Empty is good. */
export function lintRecipe(recipe: Recipe): readonly LintFinding[] {
  return LINT_RULES.flatMap((rule) => rule.check(recipe).map((finding) => ({ rule: rule.name, ...finding })));
}
