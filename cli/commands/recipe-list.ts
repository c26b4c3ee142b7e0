import { print, table } from '../output.ts';
import { clientOf, noun, type OutputOptions, type RegisterCommand, withOutput } from './command.ts';

/** `grove recipe list`: the catalogue and whether Grove converts each entry itself. */
export const registerRecipeList: RegisterCommand = (program, context) => {
  const command = noun(program, 'recipe', 'recipes: Olive workflow files').command('list').description('list the catalogue');
  withOutput(command).action(async (options: OutputOptions) => {
    const client = await clientOf(command, context);
    print({ ...options, terminal: context.terminal }, await client.recipes(), ({ recipes }) =>
      table(
        ['recipe', 'target', 'converts natively', 'lint'],
        recipes.map((recipe) => [
          recipe.recipeId,
          recipe.target,
          recipe.supported ? 'yes' : `no: ${recipe.unsupported.join('; ')}`,
          String(recipe.lint.length),
        ]),
      ),
    );
  });
};
