import { collect } from '../option-parsers.ts';
import type { RecipeExportOptions } from '../recipe-export/run-recipe-export.ts';
import { noun, type RegisterCommand, withOutput } from './command.ts';

/** `grove recipe export --olive RECIPE --out DIR`: a folder that Olive can run; on this machine, without a farm. */
export const registerRecipeExport: RegisterCommand = (program, context) => {
  const command = noun(program, 'recipe', 'recipes: Olive workflow files')
    .command('export <recipe>')
    .description('write a folder with which Olive itself can run a recipe');
  withOutput(command)
    .option('--olive', 'for Olive: the recipe, a script where it needs one, and a README')
    .requiredOption('--out <dir>', 'folder for the files; made when missing')
    .option('--task <task>', "replace the recipe's task, for example text-classification")
    .option('--set <pass.parameter=value>', 'change a parameter of a pass (repeatable)', collect, [])
    .option('--overwrite', 'replace files that hold something else')
    .action(async (recipe: string, options: RecipeExportOptions) =>
      (await import('../recipe-export/run-recipe-export.ts')).runRecipeExport(recipe, options, context),
    );
};
