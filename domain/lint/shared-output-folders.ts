import type { Recipe } from '../recipe/recipe.ts';
import type { LintFinding, RuleText } from './rule.ts';

/** A finding on one recipe of a set. */
export interface SetFinding extends LintFinding {
  readonly recipeName: string;
}

/** The rule on a set of recipes. */
export const SHARED_OUTPUT_FOLDER: RuleText & { readonly name: string } = {
  name: 'shared-output-folder',
  meaning: 'several recipes write to one folder: with Olive the last run replaces the others',
  remedy: 'one folder each',
};

/** Recipes that write to one folder: run one after another with Olive, the last replaces the others. Grove itself never writes there. */
export function lintSharedOutputFolders(recipes: readonly Recipe[]): readonly SetFinding[] {
  return recipes.flatMap((recipe) => {
    const others = recipes.filter((other) => other !== recipe && other.outputDir !== null && other.outputDir === recipe.outputDir);
    if (others.length === 0) return [];
    const message = `output_dir "${recipe.outputDir}" is also that of ${others.map(({ name }) => name).join(', ')}: with Olive the last run replaces the others`;
    return [
      {
        recipeName: recipe.name,
        rule: SHARED_OUTPUT_FOLDER.name,
        path: '$.output_dir',
        message,
        advice: 'Give each recipe a folder of its own.',
      },
    ];
  });
}
