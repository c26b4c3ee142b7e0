import { print, table } from '../output.ts';
import { clientOf, noun, type OutputOptions, type RegisterCommand, withOutput } from './command.ts';

/** `grove data list`: what was imported. */
export const registerDataList: RegisterCommand = (program, context) => {
  const command = noun(program, 'data', 'rows of data sets that were brought to the farm').command('list');
  withOutput(command.description('list the imported rows')).action(async (options: OutputOptions) => {
    const client = await clientOf(command, context);
    print({ ...options, terminal: context.terminal }, await client.importedData(), ({ data }) =>
      table(
        ['data set', 'subset', 'split', 'file', 'bytes', 'imported'],
        data.map(({ dataset, subset, split, path, blob, importedAt }) => [
          dataset,
          subset ?? '',
          split,
          path,
          String(blob.sizeBytes),
          new Date(importedAt).toISOString(),
        ]),
      ),
    );
  });
};
