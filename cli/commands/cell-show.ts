import { resolveCell } from '../cell-argument.ts';
import { cellDetails } from '../cell-details.ts';
import { print } from '../output.ts';
import { clientOf, noun, type OutputOptions, type RegisterCommand, withOutput } from './command.ts';

/** `grove cell show CELL`: one cell with what people have said about it. */
export const registerCellShow: RegisterCommand = (program, context) => {
  const command = noun(program, 'cell', 'cell: one recipe on one device')
    .command('show <cell>')
    .description('show one cell: its id, or RECIPE@DEVICE');
  withOutput(command).action(async (cell: string, options: OutputOptions) => {
    const client = await clientOf(command, context);
    const view = await client.cell(await resolveCell(client, cell));
    print({ ...options, terminal: context.terminal }, view, (shown) => cellDetails(shown, Date.now()));
  });
};
