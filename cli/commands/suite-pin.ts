import { formatCondition } from '../../domain/selector/format.ts';
import { readConditions } from '../../domain/selector/parse.ts';
import { collect } from '../option-parsers.ts';
import { print } from '../output.ts';
import { suiteText } from '../suite-text.ts';
import { clientOf, noun, type OutputOptions, type RegisterCommand, withOutput } from './command.ts';

interface PinOptions extends OutputOptions {
  readonly on: readonly string[];
  readonly where: readonly string[];
}

/** `grove suite pin NAME`: it runs again wherever the environment of a device changes. */
export const registerSuitePin: RegisterCommand = (program, context) => {
  const command = noun(program, 'suite', 'suites: named lists of submits')
    .command('pin <suite>')
    .description('run a suite again wherever the environment of a device changes');
  withOutput(command)
    .option('--on <device>', 'only this device (repeatable; default: every device that fits)', collect, [])
    .option('--where <condition>', 'only devices that have this, as for submit (repeatable, all must hold)', collect, [])
    .action(async (name: string, { output, on, where }: PinOptions) => {
      const client = await clientOf(command, context);
      const request = {
        ...(on.length > 0 && { units: [...on] }),
        ...(where.length > 0 && { where: readConditions(where).map(formatCondition) }),
      };
      print({ output, terminal: context.terminal }, await client.pinSuite(name, request), suiteText);
    });
};
