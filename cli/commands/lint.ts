import type { LintOptions } from '../lint/run-lint.ts';
import { collect } from '../option-parsers.ts';
import { type RegisterCommand, withOutput } from './command.ts';

/** `grove lint RECIPE...`: what recipes do not do although they look as if they did; on this machine, without a farm. */
export const registerLint: RegisterCommand = (program, context) => {
  const command = program.command('lint <recipe...>').description('say what recipes do not do although they look as if they did');
  withOutput(command)
    .option('--model <dir>', 'also try the passes on this model, and throw the result away')
    .option('--data <name=file[:columns]>', 'rows of a data_config, for passes that calibrate (repeatable)', collect, [])
    .option('--task <task>', "replace the recipe's task, for example text-classification")
    .option('--set <pass.parameter=value>', 'change a parameter of a pass (repeatable)', collect, [])
    .option('--strict', 'end with 6 when there is a finding')
    .action(async (recipes: readonly string[], options: LintOptions) =>
      (await import('../lint/run-lint.ts')).runLint(recipes, options, context),
    );
};
