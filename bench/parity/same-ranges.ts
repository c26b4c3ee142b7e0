import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { EncodedBatch } from '../../engine/data/tokenizer.ts';
import { DataType } from '../../engine/graph/data-type.ts';
import type { Graph } from '../../engine/graph/graph.ts';
import { readModelFile } from '../../engine/onnx/read.ts';
import { calibrate } from '../../engine/quantize/calibrate.ts';
import { loadOrtNode } from '../../engine/runtime/ort-node.ts';
import { PARITY_SOURCES, type Python, runProgram } from './environment.ts';
import { encodeRows } from './inference.ts';
import { forOlive, quantizerOnly, recipeFor } from './recipes.ts';
import { oliveFolder, oliveIntermediate, type Subject } from './subjects.ts';

/** Result of Olive's quantizer when it is given the ranges that Grove's calibration found on the same graph. */
export function sameRangesModel(subject: Subject): string {
  return join(folderOf(subject), 'output', 'model.onnx');
}

/** Quantizes the prepared graph of each subject with Olive, given Grove's ranges. */
export async function quantizeWithGrovesRanges(python: Python, subjects: readonly Subject[]): Promise<void> {
  const files: string[] = [];
  for (const subject of subjects) files.push(await writeWorkflow(subject), await writeRanges(subject));
  if (files.length > 0) await runProgram(python.file, [join(PARITY_SOURCES, 'quantize_with_ranges.py'), ...files]);
  for (const subject of subjects) await rm(join(folderOf(subject), 'cache'), { recursive: true, force: true });
}

/** The ranges that Grove's calibration found, by tensor. */
export function grovesRangesFile(subject: Subject): string {
  return join(folderOf(subject), 'ranges.json');
}

/** What a subject is calibrated with. */
export async function calibrationBatches({ model }: Subject): Promise<readonly EncodedBatch[]> {
  const lines = (await readFile(model.rows, 'utf8')).trim().split('\n');
  return encodeRows(
    model,
    lines.map((line) => ({ text: String(JSON.parse(line).premise) })),
  );
}

function folderOf(subject: Subject): string {
  return join(oliveFolder(subject), 'same-ranges');
}

async function writeWorkflow(subject: Subject): Promise<string> {
  const { model, recipe, task } = subject;
  const folder = folderOf(subject);
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true });
  const places = {
    model: oliveIntermediate(subject, 'onnxquantizationpreprocess'),
    rows: model.rows,
    output: join(folder, 'output'),
    cache: join(folder, 'cache'),
    tokenizer: model.folder,
  };
  const path = join(folder, 'workflow.json');
  await writeFile(path, JSON.stringify(forOlive(quantizerOnly(await recipeFor(recipe, model, task)), places), null, 2));
  return path;
}

/** Ranges of every float value that the prepared graph knows the type of. */
async function writeRanges(subject: Subject): Promise<string> {
  const model = await readModelFile(oliveIntermediate(subject, 'onnxquantizationpreprocess'));
  const batches = await calibrationBatches(subject);
  const ranges = await calibrate({
    model,
    tensors: floatValues(model.graph),
    batches: inTurn(batches),
    method: 'min-max',
    runtime: await loadOrtNode(),
    signal: new AbortController().signal,
  });
  const path = grovesRangesFile(subject);
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, JSON.stringify(Object.fromEntries([...ranges].map(([name, { min, max }]) => [name, [min, max]]))));
  return path;
}

function floatValues({ valueInfo, outputs }: Graph): readonly string[] {
  const values = [...valueInfo.values(), ...outputs];
  return values.filter(({ type }) => type?.kind === 'tensor' && type.dataType === DataType.FLOAT).map(({ name }) => name);
}

async function* inTurn<T>(items: readonly T[]): AsyncGenerator<T> {
  yield* items;
}
