import { isJsonObject } from '../recipe/findings.ts';
import type { LintRule } from './rule.ts';

/** Without a search Olive evaluates the final model only: an evaluator on an earlier pass is never used. */
export const passEvaluator: LintRule = {
  name: 'unused-pass-evaluator',
  meaning: 'without a search only the final model is evaluated',
  remedy: 'move the evaluator to the last pass',
  check(recipe) {
    const passes = isJsonObject(recipe.document['passes']) ? recipe.document['passes'] : {};
    return recipe.passes.slice(0, -1).flatMap(({ name, path }) => {
      const pass = passes[name];
      if (!isJsonObject(pass) || (pass['evaluator'] ?? null) === null) return [];
      return [
        {
          path: `${path}.evaluator`,
          message: 'only the final model is evaluated, so this evaluator never runs',
          advice: 'Remove it, or move it to the last pass.',
        },
      ];
    });
  },
};
