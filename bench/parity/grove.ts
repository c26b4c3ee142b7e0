import { copyFile, mkdir, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { z } from 'zod';
import { INSTALLATION_FOLDER } from '../../platform/installation.ts';
import { type Measured, measureProcess, ProcessFailed } from '../processes/measure-process.ts';
import { CALIBRATION_DATA, QUANTIZING, quantizerOnly, recipeFor } from './recipes.ts';
import { groveFolder, oliveIntermediate, type Subject } from './subjects.ts';

/** Runs `grove convert` as its user does, as a process of its own, and measures it. */
export async function measureGrove(subject: Subject): Promise<Measured> {
  const { model, recipe, task } = subject;
  const folder = await freshFolder(subject);
  const document = await recipeFor(recipe, model, task);
  return convert(subject, { document, source: model.folder, folder });
}

/** Runs Grove's quantizer alone on the graph that Olive's quantizer read. */
export async function quantizeOlivesGraph(subject: Subject): Promise<Measured> {
  const { model, recipe, task } = subject;
  const folder = await freshFolder(subject);
  const source = oliveIntermediate(subject, 'onnxquantizationpreprocess');
  for (const file of ['tokenizer.json', 'tokenizer_config.json']) await copyFile(join(model.folder, file), join(dirname(source), file));
  return convert(subject, { document: quantizerOnly(await recipeFor(recipe, model, task)), source, folder });
}

const refusalSchema = z.object({ error: z.object({ message: z.string() }) });

/** Grove's own words of why it did not convert; undefined for a failure that is none of its refusals. */
export function refusalOf(error: unknown): string | undefined {
  if (!(error instanceof ProcessFailed)) return undefined;
  return error.errors.flatMap((line) => (line.startsWith('{"error"') ? refusalSchema.parse(JSON.parse(line)).error.message : [])).at(-1);
}

async function freshFolder(subject: Subject): Promise<string> {
  const folder = groveFolder(subject);
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true });
  return folder;
}

interface Conversion {
  readonly document: unknown;
  readonly source: string;
  readonly folder: string;
}

async function convert({ model, recipe }: Subject, { document, source, folder }: Conversion): Promise<Measured> {
  const file = join(folder, 'recipe.json');
  await writeFile(file, JSON.stringify(document, null, 2));
  const data = QUANTIZING.includes(recipe) ? ['--data', `${CALIBRATION_DATA}=${model.rows}`] : [];
  const args = [
    join(INSTALLATION_FOLDER, 'bin/grove.js'),
    'convert',
    file,
    '--model',
    source,
    '--out',
    join(folder, 'output'),
    '-o',
    'json',
    ...data,
  ];
  return measureProcess({ file: process.execPath, args, cwd: INSTALLATION_FOLDER });
}
