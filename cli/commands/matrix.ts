import { Option } from 'commander';
import { matrixTable } from '../matrix-table.ts';
import { clientOf, type RegisterCommand } from './command.ts';

/** `grove matrix`: recipe x device; JSON and Markdown for programs and pull requests. */
export const registerMatrix: RegisterCommand = (program, context) => {
  const command = program.command('matrix').description('print the matrix: recipe x device');
  command
    .addOption(new Option('-o, --output <format>', 'how to print it').choices(['table', 'json', 'md']).default('table'))
    .addOption(new Option('--json', 'the same as -o json').implies({ output: 'json' }));
  command.action(async ({ output }: { readonly output: 'table' | 'json' | 'md' }) => {
    const client = await clientOf(command, context);
    if (output === 'md') context.terminal.out((await client.matrixText('md')).trimEnd());
    else {
      const matrix = await client.matrix();
      context.terminal.out(output === 'json' ? JSON.stringify(matrix, null, 2) : matrixTable(matrix, context.terminal.columns));
    }
  });
};
