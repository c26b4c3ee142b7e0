import { stat } from 'node:fs/promises';
import { basename, extname, resolve } from 'node:path';
import { type DataColumns, parseDataColumns } from '../../domain/data-columns.ts';
import { GroveError } from '../../domain/errors.ts';
import { isFolder, type LocalFile } from './model-folder.ts';

/** One `--data NAME=FILE[:columns]`. */
export interface DataFile extends LocalFile {
  /** Name of the data_config whose rows it replaces. */
  readonly name: string;
  /** What is read of it in place of what the recipe names. */
  readonly read: DataColumns;
}

/**
 * Parses `--data NAME=FILE[:column[,column][,label=column][,group=column]]` and checks that the file is there. A colon is a column list only when the text behind it looks like
 * column names and the part before it is a file, so that `C:\rows.jsonl` stays a path.
 */
export async function parseDataFile(argument: string, cwd: string): Promise<DataFile> {
  const equals = argument.indexOf('=');
  const name = argument.slice(0, equals);
  if (equals < 1 || !/^[A-Za-z0-9_]{1,100}$/.test(name))
    throw new GroveError('invalid-argument', { problem: `--data takes NAME=FILE[:columns], not "${argument}"` });
  const rest = argument.slice(equals + 1);
  const whole = resolve(cwd, rest);
  if (await isFile(whole)) return dataFile(name, whole, {});
  const split = /^(.+):([^:\\/]+)$/.exec(rest);
  const file = split?.[1] === undefined ? whole : resolve(cwd, split[1]);
  if (split === null || !(await isFile(file))) throw await noFile(rest, file);
  return dataFile(name, file, parseDataColumns(split[2] ?? ''));
}

/** One file of rows on its way to the farm, under its own name. Throws `invalid-data-file`. */
export async function localDataFile(file: string): Promise<LocalFile> {
  const path = resolve(file);
  if (!(await isFile(path))) throw await noFile(file, path);
  return { path: `rows${extensionOf(path)}`, file: path, sizeBytes: await filledSize(path) };
}

async function noFile(file: string, path: string): Promise<GroveError> {
  const problem = (await isFolder(path)) ? 'it is a folder: name one file of it' : 'there is no such file';
  return new GroveError('invalid-data-file', { file, where: '', problem });
}

/** Throws `invalid-data-file` for an empty file: a job would find that out minutes later. */
async function filledSize(file: string): Promise<number> {
  const { size } = await stat(file);
  if (size === 0) throw new GroveError('invalid-data-file', { file: basename(file), where: '', problem: 'it is empty' });
  return size;
}

async function dataFile(name: string, file: string, read: DataColumns): Promise<DataFile> {
  return { name, file, sizeBytes: await filledSize(file), path: `data/${name}${extensionOf(file)}`, read };
}

/** The ending tells some formats apart, so it travels with the rows. */
function extensionOf(file: string): string {
  const extension = extname(basename(file)).toLowerCase();
  return /^\.[a-z0-9]{1,10}$/.test(extension) ? extension : '.jsonl';
}

async function isFile(path: string): Promise<boolean> {
  return stat(path).then(
    (found) => found.isFile(),
    () => false,
  );
}
