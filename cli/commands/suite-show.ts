import { print } from '../output.ts';
import { suiteText } from '../suite-text.ts';
import { clientOf, noun, type OutputOptions, type RegisterCommand, withOutput } from './command.ts';

/** `grove suite show NAME`: what it submits, and where it is pinned. */
export const registerSuiteShow: RegisterCommand = (program, context) => {
  const command = noun(program, 'suite', 'suites: named lists of submits').command('show <suite>').description('show what a suite submits');
  withOutput(command).action(async (name: string, options: OutputOptions) => {
    const client = await clientOf(command, context);
    print({ ...options, terminal: context.terminal }, await client.suite(name), suiteText);
  });
};
