import { print, table } from '../output.ts';
import { pinText } from '../suite-text.ts';
import { clientOf, noun, type OutputOptions, type RegisterCommand, withOutput } from './command.ts';

/** `grove suite list`: the suites of the catalogue and where they are pinned. */
export const registerSuiteList: RegisterCommand = (program, context) => {
  const command = noun(program, 'suite', 'suites: named lists of submits')
    .command('list')
    .description('list the suites and where they are pinned');
  withOutput(command).action(async (options: OutputOptions) => {
    const client = await clientOf(command, context);
    print({ ...options, terminal: context.terminal }, await client.suites(), ({ suites }) =>
      table(
        ['suite', 'title', 'submits', 'pinned'],
        suites.map((suite) => [suite.name, suite.title, String(suite.submits.length), pinText(suite)]),
      ),
    );
  });
};
