import { basename } from 'node:path';
import { GroveError } from '../../domain/errors.ts';
import { hubIdSchema, importedDataSchema } from '../../domain/imports.ts';
import { print } from '../output.ts';
import { localDataFile } from '../sources/data-file.ts';
import { uploadLocalFiles } from '../sources/upload.ts';
import { clientOf, noun, type OutputOptions, type RegisterCommand, withOutput } from './command.ts';

interface ImportOptions extends OutputOptions {
  readonly dataset: string;
  readonly subset?: string;
  readonly split: string;
}

/** `grove data import FILE`: gives the farm the rows of a data set, so that recipes that name it need no hub. */
export const registerDataImport: RegisterCommand = (program, context) => {
  const command = noun(program, 'data', 'rows of data sets that were brought to the farm').command('import <file>');
  command.description('give the farm the first rows of a data set (JSON Lines, Parquet, CSV, TSV or text); recipes that name it read them');
  withOutput(command)
    .requiredOption('--dataset <owner/name>', 'the data set, as recipes name it')
    .option('--subset <name>', 'its subset, as recipes name it')
    .option('--split <name>', 'its split', 'validation')
    .action(async (file: string, { dataset, subset, split, ...options }: ImportOptions) => {
      assertNames({ dataset, split });
      const local = await localDataFile(file);
      const client = await clientOf(command, context);
      const files = await uploadLocalFiles(client, [local], context.terminal);
      const blob = files[local.path];
      if (blob === undefined) throw new GroveError('transfer-failed', { what: basename(file), problem: 'it was not stored' });
      const request = { dataset, subset: subset ?? null, split, path: local.path, blob };
      const text = `${dataset}${subset === undefined ? '' : `, ${subset}`}, ${split}: ${basename(file)} imported.`;
      print({ ...options, terminal: context.terminal }, await client.importData(request), () => text);
    });
};

/** Before anything is uploaded. Throws `invalid-argument`. */
function assertNames({ dataset, split }: Pick<ImportOptions, 'dataset' | 'split'>): void {
  if (!hubIdSchema.safeParse(dataset).success)
    throw new GroveError('invalid-argument', { problem: `--dataset takes the id that recipes name (owner/name), not "${dataset}"` });
  if (!importedDataSchema.shape.split.safeParse(split).success)
    throw new GroveError('invalid-argument', { problem: `--split takes the name of a split without a slice (validation), not "${split}"` });
}
