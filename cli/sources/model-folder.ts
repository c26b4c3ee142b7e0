import { readdir, realpath, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { checkpointProblem } from '../../domain/checkpoint-files.ts';
import { GroveError } from '../../domain/errors.ts';
import { chooseGraph, filesOfGraph } from '../../domain/recipe/choose-graph.ts';
import type { InputModel } from '../../domain/recipe/recipe.ts';
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

/** Configuration and tokenizer of a model. A README or a training log beside it must not change the conversion key. */
const CONFIGURATION = [
  /^config\.json$/,
  /^(tokenizer|tokenizer_config|special_tokens_map|added_tokens|vocab)\.json$/,
  /^vocab\.txt$/,
  /^merges\.txt$/,
  /^(spiece|sentencepiece(\.bpe)?)\.model$/,
];

const CHECKPOINT = [...CONFIGURATION, /^.+\.safetensors$/, /^.+\.safetensors\.index\.json$/];

/** What recipes say of the model they start from, as far as the choice among several graphs depends on it. */
type Named = Pick<InputModel, 'modelPath' | 'config'>;

/**
 * Lists what belongs to a model: the files of a Hugging Face style checkpoint folder, or an ONNX model with its data files, tokenizer and configuration.
 * `path` is such a folder or the ONNX file itself; a folder that holds both is a checkpoint. Links are followed (a hub cache is made of them): the
 * folder is the submitter's own. Throws `invalid-checkpoint` when it is neither.
 */
export async function readModelFolder(path: string, recipes: readonly Named[] = []): Promise<ModelFolder> {
  const status = await stat(path).catch(() => undefined);
  if (status === undefined) throw new GroveError('invalid-checkpoint', { where: path, problem: 'there is no such folder or file' });
  if (!status.isDirectory()) return readGraphFile(path);
  const names = await readdir(path);
  const problem = checkpointProblem(names);
  const wanted = problem === undefined ? names.filter((name) => matches(CHECKPOINT, name)) : await graphFiles(path, names, recipes);
  if (wanted.length === 0) throw new GroveError('invalid-checkpoint', { where: path, problem: problem ?? 'it holds no model' });
  return modelOf(path, wanted, names);
}

async function readGraphFile(path: string): Promise<ModelFolder> {
  if (!path.toLowerCase().endsWith('.onnx')) {
    throw new GroveError('invalid-checkpoint', { where: path, problem: 'it is neither a folder nor an .onnx file' });
  }
  const folder = dirname(path);
  const names = await readdir(folder);
  const wanted = [...filesOfGraph(basename(path), names), ...names.filter((name) => matches(CONFIGURATION, name))];
  return modelOf(folder, wanted, names);
}

/** Paths of the graph that each recipe starts from, with everything that belongs to it; empty when the folder has no graph at all. */
async function graphFiles(folder: string, names: readonly string[], recipes: readonly Named[]): Promise<readonly string[]> {
  const below = names.includes('onnx') ? await readdir(join(folder, 'onnx')).catch(() => []) : [];
  const paths = [...names, ...below.map((name) => `onnx/${name}`)];
  if (!paths.some((path) => path.toLowerCase().endsWith('.onnx'))) return [];
  const graphs = (recipes.length === 0 ? [{ modelPath: null, config: {} }] : recipes).map((recipe) => {
    const choice = chooseGraph(recipe, paths);
    if ('graph' in choice) return choice.graph;
    throw new GroveError('invalid-checkpoint', { where: folder, problem: `${choice.problem}, or as --model ${join(folder, 'FILE.onnx')}` });
  });
  return [...new Set([...graphs.flatMap((graph) => filesOfGraph(graph, paths)), ...names.filter((name) => matches(CONFIGURATION, name))])];
}

function matches(patterns: readonly RegExp[], name: string): boolean {
  return patterns.some((pattern) => pattern.test(name));
}

async function modelOf(folder: string, paths: readonly string[], names: readonly string[]): Promise<ModelFolder> {
  const files = await Promise.all([...paths].sort().map((path) => localFile(folder, path)));
  return { files, synthetic: names.includes(SYNTHETIC_MARKER) };
}

async function localFile(folder: string, path: string): Promise<LocalFile> {
  const file = await realpath(join(folder, ...path.split('/')));
  const { size } = await stat(file);
  return { path, file, sizeBytes: size };
}

/** Whether a path is a folder here. */
export async function isFolder(path: string): Promise<boolean> {
  return stat(path).then(
    (found) => found.isDirectory(),
    () => false,
  );
}

/** Whether a `--model` argument is a folder or an ONNX file here rather than a hub id. */
export async function isLocalModel(path: string): Promise<boolean> {
  if (await isFolder(path)) return true;
  return path.toLowerCase().endsWith('.onnx');
}
