import type { Recipe } from '../recipe/recipe.ts';

/** Something a recipe does not do although its author may think so. Never an error by itself; `--strict` refuses it. */
export interface LintFinding {
  /** Stable name, for `docs/lint.md` and filters. */
  readonly rule: string;
  /** JSON path in the recipe. */
  readonly path: string;
  readonly message: string;
  readonly advice: string;
}

/** What `docs/lint.md` says of a rule: sentences without a full stop, Markdown allowed. */
export interface RuleText {
  readonly meaning: string;
  readonly remedy: string;
}

/** One rule on a recipe alone. Rules that need the model are `MODEL_RULES`: they run with the conversion and arrive in its report. */
export interface LintRule extends RuleText {
  readonly name: string;
  check(recipe: Recipe): readonly Omit<LintFinding, 'rule'>[];
}
