import { writeFile } from 'node:fs/promises';
import { Option } from 'commander';
import type { MatrixFormat } from '../../api/matrix.ts';
import { GroveError } from '../../domain/errors.ts';
import { LIST_MEANINGS, MATRIX_LISTS, type MatrixListName } from '../../domain/matrix-lists.ts';
import { columnText, rowText } from '../../domain/matrix-text.ts';
import { cellLinesTsv, matrixTable, matrixTsv } from '../matrix-table.ts';
import { positiveInteger } from '../option-parsers.ts';
import { table } from '../output.ts';
import { clientOf, type RegisterCommand } from './command.ts';

interface MatrixOptions {
  readonly output: 'table' | MatrixFormat;
  readonly list?: MatrixListName;
  readonly days: number;
  readonly file?: string;
}

/** `grove matrix`: recipe x device, for people, spreadsheets, pull requests and test reports; `--list` for the cells to look at. */
export const registerMatrix: RegisterCommand = (program, context) => {
  const { terminal } = context;
  const command = program.command('matrix').description('print the matrix: recipe x device (in a pipe: tab-separated, one line a cell)');
  command
    .addOption(
      new Option('-o, --output <format>', 'how to print it')
        .choices(['table', 'json', 'md', 'csv', 'junit', 'html', 'parquet'])
        .default('table'),
    )
    .addOption(new Option('--json', 'the same as -o json').implies({ output: 'json' }))
    .addOption(
      new Option('--list <name>', `only cells to look at (table or json): ${Object.keys(LIST_MEANINGS).join(', ')}`).choices(MATRIX_LISTS),
    )
    .option('--file <path>', 'write it there; Parquet is no text and needs it')
    .option('--days <n>', 'how far back new, missing-since and newly-failing look', positiveInteger, 7);
  command.action(async ({ output, list, days, file }: MatrixOptions) => {
    const client = await clientOf(command, context);
    if (output === 'parquet') {
      if (file === undefined) throw new GroveError('invalid-argument', { problem: '-o parquet needs --file PATH' });
      return writeFile(file, await client.matrixParquet());
    }
    if (file !== undefined) throw new GroveError('invalid-argument', { problem: '--file goes with -o parquet; redirect what is text' });
    if (list !== undefined) {
      const listed = await client.matrixList(list, days);
      if (output === 'json') return terminal.out(JSON.stringify(listed, null, 2));
      if (!terminal.isInteractive) return terminal.out(cellLinesTsv(listed.cells, Date.now()));
      const lines = listed.cells.map(({ row, column, cell }) => [
        cell.id,
        rowText(row).name,
        columnText(column).device,
        cell.state,
        cell.reason,
      ]);
      return terminal.out(table(['cell', 'recipe', 'device', 'state', 'why'], lines));
    }
    if (output !== 'table' && output !== 'json') return terminal.out((await client.matrixText(output)).trimEnd());
    const matrix = await client.matrix();
    if (output === 'json') return terminal.out(JSON.stringify(matrix, null, 2));
    terminal.out(terminal.isInteractive ? matrixTable(matrix, terminal.columns) : matrixTsv(matrix));
  });
};
