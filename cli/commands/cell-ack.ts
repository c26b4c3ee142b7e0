import { resolveCell } from '../cell-argument.ts';
import { curationLines } from '../cell-details.ts';
import { present } from '../option-parsers.ts';
import { print } from '../output.ts';
import { clientOf, noun, type OutputOptions, type RegisterCommand, withOutput } from './command.ts';

interface AckOptions extends OutputOptions {
  readonly reason?: string;
  readonly remove?: boolean;
}

/** `grove cell ack CELL`: its present state is known and accepted. */
export const registerCellAck: RegisterCommand = (program, context) => {
  const command = noun(program, 'cell', 'cell: one recipe on one device')
    .command('ack <cell>')
    .description('say that the present state of a cell is known; holds until the state changes')
    .option('--reason <text>', 'why, for everybody who wonders')
    .option('--remove', 'take it back');
  withOutput(command).action(async (cell: string, { reason, remove, output }: AckOptions) => {
    const client = await clientOf(command, context);
    const request = remove === true ? ({ kind: 'withdraw' } as const) : ({ kind: 'acknowledge', ...present({ reason }) } as const);
    print({ output, terminal: context.terminal }, await client.curateCell(await resolveCell(client, cell), request), curationLines);
  });
};
