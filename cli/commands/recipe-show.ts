import type { RecipeView } from '../../api/recipes.ts';
import { print } from '../output.ts';
import { clientOf, noun, type OutputOptions, type RegisterCommand, withOutput } from './command.ts';

/** `grove recipe show RECIPE`: its passes with every parameter after Olive's defaults, and what lint says. */
export const registerRecipeShow: RegisterCommand = (program, context) => {
  const command = noun(program, 'recipe', 'recipes: Olive workflow files')
    .command('show <recipe>')
    .description('show a recipe: passes, parameters, lint');
  withOutput(command)
    .option('--text', 'print the file itself')
    .action(async (recipeId: string, options: OutputOptions & { readonly text?: boolean }) => {
      const client = await clientOf(command, context);
      const recipe = await client.recipe(recipeId);
      print({ ...options, terminal: context.terminal }, recipe, options.text === true ? ({ text }) => text.trimEnd() : recipeText);
    });
};

function recipeText(recipe: RecipeView): string {
  return [
    `${recipe.recipeId} @${recipe.digest.slice(0, 8)}  ${recipe.title}`,
    `target ${recipe.target}; ${recipe.supported ? 'converts natively' : 'does not convert natively'}`,
    ...recipe.passes.map(
      (pass, index) =>
        `${index + 1}. ${pass.type} (${pass.name}, ${pass.side}${pass.native ? '' : ', needs the Olive toolchain'}) ${JSON.stringify(pass.params)}`,
    ),
    ...recipe.unsupported.map((line) => `unsupported: ${line}`),
    ...recipe.lint.map((finding) => `lint: ${finding.path}: ${finding.message} [${finding.rule}]`),
  ].join('\n');
}
