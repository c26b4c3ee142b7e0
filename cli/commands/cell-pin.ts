import { resolveCell } from '../cell-argument.ts';
import { curationLines } from '../cell-details.ts';
import { present } from '../option-parsers.ts';
import { print } from '../output.ts';
import { clientOf, noun, type OutputOptions, type RegisterCommand, withOutput } from './command.ts';

interface PinOptions extends OutputOptions {
  readonly reason?: string;
  readonly remove?: boolean;
}

/** `grove cell pin CELL`: later results are compared with those it shows now. */
export const registerCellPin: RegisterCommand = (program, context) => {
  const command = noun(program, 'cell', 'cell: one recipe on one device')
    .command('pin <cell>')
    .description('compare later results of a cell with those it shows now')
    .option('--reason <text>', 'why, for everybody who wonders')
    .option('--remove', 'compare with the previous result again');
  withOutput(command).action(async (cell: string, { reason, remove, output }: PinOptions) => {
    const client = await clientOf(command, context);
    const request = remove === true ? ({ kind: 'unpin' } as const) : ({ kind: 'pin', ...present({ reason }) } as const);
    print({ output, terminal: context.terminal }, await client.curateCell(await resolveCell(client, cell), request), curationLines);
  });
};
