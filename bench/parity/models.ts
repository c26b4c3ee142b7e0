import { copyFile, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { INSTALLATION_FOLDER } from '../../platform/installation.ts';
import { exists, PARITY_FOLDER, type Python, runProgram } from './environment.ts';

/** Names of the checkpoints both stacks convert. */
export type ModelName = 'minilm-l6-random' | 'tiny-cross-encoder' | 'tiny-bert';

/** A checkpoint and the rows it is calibrated with. */
export interface ParityModel {
  readonly name: ModelName;
  readonly folder: string;
  /** Length that recipes fix sequences to. */
  readonly width: number;
  /** JSON Lines with `premise` and `label`. */
  readonly rows: string;
}

/** Positions of the tiny checked-in checkpoint. */
const TINY_WIDTH = 64;
const WIDTH = 128;
const CALIBRATION_ROWS = 10;

/** XNLI's classes in the order of the data set's own numbers. */
const XNLI_LABELS = ['entailment', 'neutral', 'contradiction'];
const TOKENIZER_FILES = ['tokenizer.json', 'vocab.txt', 'tokenizer_config.json', 'special_tokens_map.json'];

/** The checked-in checkpoint, whose vocabulary these sentences are written for. */
export const TINY_BERT: ParityModel = {
  name: 'tiny-bert',
  folder: join(INSTALLATION_FOLDER, 'test', 'fixtures', 'tiny-bert'),
  width: TINY_WIDTH,
  rows: join(INSTALLATION_FOLDER, 'test', 'parity', 'fixtures', 'rows.jsonl'),
};

/** The trained checkpoint of the larger test data, calibrated with the first ten rows of XNLI's English validation split, which this writes. */
export async function tinyCrossEncoder(data: string, workFolder: string): Promise<ParityModel> {
  return {
    name: 'tiny-cross-encoder',
    folder: join(data, 'tiny-cross-encoder'),
    width: WIDTH,
    rows: await xnliRows(data, workFolder),
  };
}

/** The random checkpoint of the larger test data with the real tokenizer beside it, made when it is missing. */
export async function minilmRandom(data: string, python: Python): Promise<ParityModel> {
  const folder = join(PARITY_FOLDER, 'models', 'minilm-l6-random');
  const tokenizer = TOKENIZER_FILES.map((file) => join(folder, file));
  if (!(await exists(tokenizer.at(-1) ?? ''))) {
    await mkdir(folder, { recursive: true });
    await runProgram(python.file, [join(data, 'minilm-l6-random', 'make_minilm_random.py'), folder]);
    for (const file of TOKENIZER_FILES) await copyFile(join(data, 'ms-marco-MiniLM-L-6-v2', file), join(folder, file));
  }
  return { name: 'minilm-l6-random', folder, width: WIDTH, rows: await xnliRows(data, PARITY_FOLDER) };
}

/** Labels as numbers, as the data set has them: the file beside it spells them out. */
async function xnliRows(data: string, folder: string): Promise<string> {
  const path = join(folder, 'xnli-rows.jsonl');
  const lines = (await readFile(join(data, 'xnli-en-validation', 'xnli.en.validation.jsonl'), 'utf8')).split('\n');
  const rows = lines.slice(0, CALIBRATION_ROWS).map((line) => {
    const { premise, hypothesis, label } = JSON.parse(line);
    return JSON.stringify({ premise, hypothesis, label: XNLI_LABELS.indexOf(label) });
  });
  await mkdir(folder, { recursive: true });
  await writeFile(path, `${rows.join('\n')}\n`);
  return path;
}
