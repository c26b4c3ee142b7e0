import { print } from '../output.ts';
import { suiteText } from '../suite-text.ts';
import { clientOf, noun, type OutputOptions, type RegisterCommand, withOutput } from './command.ts';

/** `grove suite unpin NAME`: it runs only when somebody asks. */
export const registerSuiteUnpin: RegisterCommand = (program, context) => {
  const command = noun(program, 'suite', 'suites: named lists of submits')
    .command('unpin <suite>')
    .description('run a suite only when somebody asks');
  withOutput(command).action(async (name: string, options: OutputOptions) => {
    const client = await clientOf(command, context);
    print({ ...options, terminal: context.terminal }, await client.unpinSuite(name), suiteText);
  });
};
