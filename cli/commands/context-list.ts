import { readContexts } from '../contexts.ts';
import { print, table } from '../output.ts';
import { configOf, noun, type OutputOptions, type RegisterCommand, withOutput } from './command.ts';

/** `grove context list`: the farms this machine has logged in to. */
export const registerContextList: RegisterCommand = (program, context) => {
  const command = noun(program, 'context', 'contexts: farms this machine has logged in to')
    .command('list')
    .description('list the farms that this machine knows');
  withOutput(command).action(async (options: OutputOptions) => {
    const { current, contexts } = await readContexts((await configOf(command, context)).dataFolder);
    const farms = contexts.map(({ name, url }) => ({ name, url, current: name === current }));
    print({ ...options, terminal: context.terminal }, { contexts: farms }, (seen) =>
      table(
        ['', 'context', 'farm'],
        seen.contexts.map((farm) => [farm.current ? '*' : '', farm.name, farm.url]),
      ),
    );
  });
};
