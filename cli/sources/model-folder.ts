import { readdir, realpath, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { GroveError } from '../../domain/errors.ts';
import { SYNTHETIC_MARKER } from '../demo/synthetic-model.ts';

/** A file that will be uploaded: where it is here, and its path in the manifest. */
export interface LocalFile {
  readonly path: string;
  readonly file: string;
  readonly sizeBytes: number;
}

export interface ModelFolder {
  readonly files: readonly LocalFile[];
  /** The folder says that its weights are not a model's own. */
  readonly synthetic: boolean;
}

/** What belongs to a checkpoint. A README or a training log beside it must not change the conversion key. */
const BELONGS = [
  /^config\.json$/,
  /^.+\.safetensors$/,
  /^.+\.safetensors\.index\.json$/,
  /^(tokenizer|tokenizer_config|special_tokens_map|added_tokens|vocab)\.json$/,
  /^vocab\.txt$/,
  /^merges\.txt$/,
  /^(spiece|sentencepiece(\.bpe)?)\.model$/,
];

/**
 * Lists the checkpoint files of a Hugging Face style folder. Links are followed (a hub cache is made of them): the folder is the submitter's own.
 * Throws `invalid-checkpoint` when the folder holds no checkpoint.
 */
export async function readModelFolder(folder: string): Promise<ModelFolder> {
  const names = await readdir(folder).catch((cause: unknown) => {
    throw new GroveError('invalid-checkpoint', { where: folder, problem: 'the folder cannot be read' }, { cause });
  });
  const wanted = names.filter((name) => BELONGS.some((pattern) => pattern.test(name))).sort();
  const files = await Promise.all(wanted.map((name) => localFile(folder, name)));
  if (!wanted.includes('config.json')) throw new GroveError('invalid-checkpoint', { where: folder, problem: 'config.json is missing' });
  if (!wanted.some((name) => name.endsWith('.safetensors')))
    throw new GroveError('invalid-checkpoint', { where: folder, problem: missingWeights(names) });
  return { files, synthetic: names.includes(SYNTHETIC_MARKER) };
}

function missingWeights(names: readonly string[]): string {
  return names.some((name) => name.endsWith('.bin'))
    ? 'it has only pickled weights (.bin), which can run code when read; convert them to safetensors with the transformers library (save_pretrained)'
    : 'model.safetensors is missing';
}

async function localFile(folder: string, name: string): Promise<LocalFile> {
  const file = await realpath(join(folder, name));
  const { size } = await stat(file);
  return { path: name, file, sizeBytes: size };
}

/** Whether a `--model` argument is a folder here rather than a hub id. */
export async function isFolder(path: string): Promise<boolean> {
  return stat(path).then(
    (found) => found.isDirectory(),
    () => false,
  );
}
