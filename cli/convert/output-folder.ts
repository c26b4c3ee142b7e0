import { randomUUID } from 'node:crypto';
import { mkdir, readdir, readFile, realpath, rename, rm, stat } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { z } from 'zod';
import { GroveError } from '../../domain/errors.ts';
import { MODEL_CONFIG_FILE } from '../../engine/convert/model-config.ts';
import { RECORD_FILES } from '../../engine/convert/olive-output.ts';
import { makeOutFolder, unwritable } from '../make-folder.ts';

/** Drafts bear this in their name: nobody takes one for a finished conversion. */
const DRAFT = 'grove-draft-';

/** Files that every conversion, Grove's or Olive's, writes; its weights file may bear any name. */
const OUTPUT_FILES: readonly string[] = ['model.onnx', 'model.onnx.data', MODEL_CONFIG_FILE, ...RECORD_FILES, 'input_model_metrics.json'];

/** Those that say that the folder is complete: they go first and come last. */
const LAST_FILES: readonly string[] = [MODEL_CONFIG_FILE, ...RECORD_FILES];

const MAX_FOOTPRINT_BYTES = 10_000_000;

const footprintSchema = z.record(
  z.string(),
  z.looseObject({ pass_run_config: z.looseObject({ external_data_name: z.string().nullish() }).nullish() }),
);

/** Where a conversion writes until it is whole. */
export interface OutputDraft {
  /** Absolute; empty. */
  readonly folder: string;
  /** Moves everything to its place and removes an earlier conversion there. */
  publish(): Promise<void>;
  /** Removes what was written, published or not published yet. */
  discard(): Promise<void>;
}

/**
 * Opens a draft for a conversion into `folder`. An earlier conversion there is replaced once the draft is published, until then it stays as it is.
 * Throws `invalid-argument` when `folder` is a file, cannot be written to, or holds files that no conversion writes and `overwrite` is not given.
 */
export async function openOutputDraft(folder: string, overwrite: boolean): Promise<OutputDraft> {
  const entries = await entriesOf(folder);
  if (entries === undefined) return newFolderDraft(folder);
  const earlier = await earlierFiles(folder, entries);
  const foreign = entries.filter((name) => !earlier.includes(name) && !name.startsWith(DRAFT));
  if (foreign.length > 0 && !overwrite) throw holdsOthers(folder, foreign);
  return insideDraft(folder, earlier);
}

/** Throws `invalid-argument` when the result would take the place of what it is made of. */
export async function assertApart(source: string, out: string): Promise<void> {
  const real = (path: string): Promise<string> => realpath(path).catch(() => resolve(path));
  const [from, to] = await Promise.all([real(source), real(out)]);
  const isFile = (await stat(from).catch(() => undefined))?.isFile() === true;
  if (to !== (isFile ? dirname(from) : from)) return;
  throw new GroveError('invalid-argument', { problem: `--out ${out} is where the model itself lies: name another folder` });
}

async function entriesOf(folder: string): Promise<readonly string[] | undefined> {
  const status = await stat(folder).catch(() => undefined);
  if (status === undefined) return undefined;
  if (!status.isDirectory()) throw new GroveError('invalid-argument', { problem: `--out ${folder} is a file: name a folder` });
  return readdir(folder);
}

/** The folder appears at once, whole, by a rename beside it. */
async function newFolderDraft(folder: string): Promise<OutputDraft> {
  await makeOutFolder(dirname(folder));
  const draft = await makeDraft(dirname(folder));
  return { folder: draft, publish: () => rename(draft, folder), discard: () => rm(draft, { recursive: true, force: true }) };
}

/** With the permissions of any new folder, which `mkdtemp` would not give: it may become the output itself. */
async function makeDraft(parent: string): Promise<string> {
  const draft = join(parent, `${DRAFT}${randomUUID()}`);
  await mkdir(draft).catch((cause: unknown) => {
    throw unwritable(parent, cause);
  });
  return draft;
}

/** An existing folder stays (it may be a mount or the working directory): files move into it one by one, those that make it look complete last. */
async function insideDraft(folder: string, earlier: readonly string[]): Promise<OutputDraft> {
  const draft = await makeDraft(folder);
  const discard = () => rm(draft, { recursive: true, force: true });
  const publish = async () => {
    const written = await readdir(draft);
    for (const name of firstTo(LAST_FILES, earlier)) await rm(join(folder, name), { force: true });
    for (const name of firstTo(LAST_FILES, written).reverse()) await rename(join(draft, name), join(folder, name));
    await discard();
  };
  return { folder: draft, publish, discard };
}

/** The names with those of `first` in front. */
function firstTo(first: readonly string[], names: readonly string[]): string[] {
  return [...names.filter((name) => first.includes(name)), ...names.filter((name) => !first.includes(name))];
}

/** What an earlier conversion left: the usual files, and the weights file its record names. Without a record a `model.onnx` is somebody's own. */
async function earlierFiles(folder: string, entries: readonly string[]): Promise<readonly string[]> {
  if (!entries.some((name) => LAST_FILES.includes(name))) return [];
  const known = [...OUTPUT_FILES, ...(await namedDataFiles(join(folder, 'footprint.json')))];
  return entries.filter((name) => known.includes(name));
}

async function namedDataFiles(footprint: string): Promise<readonly string[]> {
  const status = await stat(footprint).catch(() => undefined);
  if (status?.isFile() !== true || status.size > MAX_FOOTPRINT_BYTES) return [];
  const nodes = footprintSchema.safeParse(jsonOrNull(await readFile(footprint, 'utf8'))).data ?? {};
  return Object.values(nodes).flatMap(({ pass_run_config: config }) => config?.external_data_name ?? []);
}

function jsonOrNull(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

function holdsOthers(folder: string, names: readonly string[]): GroveError {
  const shown = names.slice(0, 3).join(', ');
  const more = names.length > 3 ? ` and ${names.length - 3} more` : '';
  const problem = `--out ${folder} holds what no conversion wrote (${shown}${more}): name another folder, or add --overwrite to put the conversion beside it`;
  return new GroveError('invalid-argument', { problem });
}
