import { writeFile } from 'node:fs/promises';
import { resolveCell } from '../cell-argument.ts';
import { cellDetails } from '../cell-details.ts';
import { print } from '../output.ts';
import { clientOf, noun, type OutputOptions, type RegisterCommand, withOutput } from './command.ts';

interface ShowOptions extends OutputOptions {
  readonly pdf?: string;
  readonly samples?: string;
}

/** `grove cell show CELL`: one cell with what people have said about it. */
export const registerCellShow: RegisterCommand = (program, context) => {
  const command = noun(program, 'cell', 'cell: one recipe on one device')
    .command('show <cell>')
    .description('show one cell: its id, or RECIPE@DEVICE');
  withOutput(command)
    .option('--pdf <file>', 'write it as one page of A4 into this file')
    .option('--samples <file>', 'write the raw samples of its latest result into this Parquet file');
  command.action(async (cell: string, options: ShowOptions) => {
    const client = await clientOf(command, context);
    const cellId = await resolveCell(client, cell);
    if (options.pdf !== undefined) await writeFile(options.pdf, await client.cellPdf(cellId));
    if (options.samples !== undefined) await writeFile(options.samples, await client.cellSamples(cellId));
    if (options.pdf !== undefined || options.samples !== undefined) return;
    const view = await client.cell(cellId);
    print({ ...options, terminal: context.terminal }, view, (shown) => cellDetails(shown, Date.now()));
  });
};
