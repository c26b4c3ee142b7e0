import type { Recipe } from '../recipe/recipe.ts';
import { crossEncoderWithoutHead } from './cross-encoder-without-head.ts';
import { dataOfFixedShape } from './data-of-fixed-shape.ts';
import { deadSettings } from './dead-settings.ts';
import { evaluationBaseline } from './evaluation-baseline.ts';
import { metricConfig } from './metric-config.ts';
import { metricWithoutData } from './metric-without-data.ts';
import { opsetForProvider } from './opset-for-provider.ts';
import { passEvaluator } from './pass-evaluator.ts';
import { percentGoal } from './percent-goal.ts';
import { quantizationOfFloat16 } from './quantization-of-float16.ts';
import { quantizationTypes } from './quantization-types.ts';
import type { LintFinding, LintRule } from './rule.ts';
import { singleSentences } from './single-sentences.ts';
import { surgeryAfterFloat16 } from './surgery-after-float16.ts';
import { throughputUnit } from './throughput-unit.ts';

/** Every rule on a recipe alone, in the order its findings are shown. */
export const LINT_RULES: readonly LintRule[] = [
  crossEncoderWithoutHead,
  singleSentences,
  opsetForProvider,
  quantizationTypes,
  quantizationOfFloat16,
  surgeryAfterFloat16,
  deadSettings,
  dataOfFixedShape,
  percentGoal,
  evaluationBaseline,
  metricWithoutData,
  metricConfig,
  passEvaluator,
  throughputUnit,
];

/** What the recipe does not do although it looks as if it did. Empty is good. */
export function lintRecipe(recipe: Recipe): readonly LintFinding[] {
  return LINT_RULES.flatMap((rule) => rule.check(recipe).map((finding) => ({ rule: rule.name, ...finding })));
}
