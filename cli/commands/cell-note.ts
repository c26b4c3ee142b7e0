import { resolveCell } from '../cell-argument.ts';
import { curationLines } from '../cell-details.ts';
import { print } from '../output.ts';
import { clientOf, noun, type OutputOptions, type RegisterCommand, withOutput } from './command.ts';

/** `grove cell note CELL TEXT`: something that whoever looks at the cell should know. */
export const registerCellNote: RegisterCommand = (program, context) => {
  const command = noun(program, 'cell', 'cell: one recipe on one device').command('note <cell> <text>').description('add a note to a cell');
  withOutput(command).action(async (cell: string, text: string, options: OutputOptions) => {
    const client = await clientOf(command, context);
    const view = await client.curateCell(await resolveCell(client, cell), { kind: 'note', id: crypto.randomUUID(), text });
    print({ ...options, terminal: context.terminal }, view, curationLines);
  });
};
