import type { RuleText } from '../../domain/lint/rule.ts';
import { cell } from './markdown.ts';

/** What the page is made of. */
export interface LintPageSources {
  /** Markdown with the two markers, each on a line of its own. */
  readonly prose: string;
  readonly recipeRules: readonly (RuleText & { readonly name: string })[];
  readonly modelRules: Readonly<Record<string, RuleText>>;
}

/** `docs/lint.md`: the prose with a table of the rules on a recipe alone and one of those that need the model. */
export function renderLintPage({ prose, recipeRules, modelRules }: LintPageSources): string {
  const named = Object.entries(modelRules).map(([name, text]) => ({ name, ...text }));
  return prose.replace('<!-- recipe rules -->', () => ruleTable(recipeRules)).replace('<!-- model rules -->', () => ruleTable(named));
}

function ruleTable(rules: LintPageSources['recipeRules']): string {
  const rows = rules.map(({ name, meaning, remedy }) => `| \`${name}\` | ${cell(meaning)} | ${cell(remedy)} |`);
  return ['| rule | it means | do |', '|---|---|---|', ...rows].join('\n');
}
