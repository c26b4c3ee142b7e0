import { readdir, realpath, stat } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
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
  /** Weights and graphs of the folder that are not among `files`: it holds more than one form of its model. */
  readonly left: readonly string[];
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

/** What recipes say of the model they start from, as far as the choice among the files of a folder depends on it. */
type Named = Pick<InputModel, 'type' | 'modelPath' | 'config'>;

/**
 * Lists what belongs to a model: the files of a Hugging Face style checkpoint folder, or an ONNX model with its data files, tokenizer and configuration.
 * `path` is such a folder or the ONNX file itself; of a folder that holds both, recipes that start from an ONNXModel take the graph and all others the
 * checkpoint. Links are followed (a hub cache is made of them): the folder is the submitter's own. Throws `invalid-checkpoint` when it is neither, or not
 * what a recipe starts from.
 */
export async function readModelFolder(path: string, recipes: readonly Named[] = []): Promise<ModelFolder> {
  const status = await stat(path).catch(() => undefined);
  if (status === undefined) throw new GroveError('invalid-checkpoint', { where: path, problem: 'there is no such folder or file' });
  if (!status.isDirectory()) return readGraphFile(path);
  const names = await readdir(path);
  const paths = await pathsOf(path, names);
  const problem = checkpointProblem(names);
  const ofGraph = recipes.filter(({ type }) => type === 'ONNXModel');
  const isCheckpoint = problem === undefined && (recipes.length === 0 || ofGraph.length < recipes.length);
  const checkpoint = isCheckpoint ? names.filter((name) => matches(CHECKPOINT, name)) : [];
  const graphs = isCheckpoint && ofGraph.length === 0 ? [] : graphFiles(path, paths, ofGraph);
  if (checkpoint.length + graphs.length === 0) throw noModel(path, problem);
  return modelOf(path, [...new Set([...checkpoint, ...graphs])], paths);
}

function noModel(where: string, problem = 'it has no .onnx file and the recipe starts from an ONNXModel'): GroveError {
  return new GroveError('invalid-checkpoint', { where, problem });
}

/** Names in the folder, and the graphs of its `onnx/`, where hub repositories keep theirs. */
async function pathsOf(folder: string, names: readonly string[]): Promise<readonly string[]> {
  const below = names.includes('onnx') ? await readdir(join(folder, 'onnx')).catch(() => []) : [];
  return [...names, ...below.map((name) => `onnx/${name}`)];
}

async function readGraphFile(path: string): Promise<ModelFolder> {
  if (!isGraph(path)) {
    throw new GroveError('invalid-checkpoint', { where: path, problem: 'it is neither a folder nor an .onnx file' });
  }
  const beside = await readdir(dirname(path));
  const isBelow = basename(dirname(resolve(path))) === 'onnx' && !beside.some((name) => matches(CONFIGURATION, name));
  const folder = isBelow ? dirname(dirname(resolve(path))) : dirname(path);
  const names = isBelow ? await readdir(folder) : beside;
  const paths = isBelow ? await pathsOf(folder, names) : beside;
  const graph = isBelow ? `onnx/${basename(path)}` : basename(path);
  const { files, synthetic } = await modelOf(
    folder,
    [...filesOfGraph(graph, paths), ...names.filter((name) => matches(CONFIGURATION, name))],
    names,
  );
  return { files, left: [], synthetic };
}

/** Paths of the graph that each recipe starts from, with everything that belongs to it; empty when the folder has no graph at all. */
function graphFiles(folder: string, paths: readonly string[], recipes: readonly Pick<Named, 'modelPath' | 'config'>[]): readonly string[] {
  if (!paths.some(isGraph)) return [];
  const graphs = (recipes.length === 0 ? [{ modelPath: null, config: {} }] : recipes).map((recipe) => {
    const choice = chooseGraph(recipe, paths);
    if ('graph' in choice) return choice.graph;
    throw new GroveError('invalid-checkpoint', { where: folder, problem: `${choice.problem}, or as --model ${join(folder, 'FILE.onnx')}` });
  });
  return [...graphs.flatMap((graph) => filesOfGraph(graph, paths)), ...paths.filter((path) => matches(CONFIGURATION, path))];
}

/** A graph or weights. */
function holdsModel(path: string): boolean {
  return isGraph(path) || path.endsWith('.safetensors');
}

function isGraph(path: string): boolean {
  return path.toLowerCase().endsWith('.onnx');
}

function matches(patterns: readonly RegExp[], name: string): boolean {
  return patterns.some((pattern) => pattern.test(name));
}

async function modelOf(folder: string, taken: readonly string[], paths: readonly string[]): Promise<ModelFolder> {
  const files = await Promise.all([...taken].sort().map((path) => localFile(folder, path)));
  const left = paths.filter((path) => !taken.includes(path) && holdsModel(path)).sort();
  return { files, left, synthetic: paths.includes(SYNTHETIC_MARKER) };
}

/** Files that a message lists at most. */
const MAX_LISTED = 6;

/** What was taken of a folder that holds several forms of its model, what was left, and how to get that; undefined when nothing was left. */
export function choiceText(folder: string, { files, left }: ModelFolder): string | undefined {
  const [first] = left;
  if (first === undefined) return undefined;
  const graph = left.find(isGraph);
  const otherwise =
    graph === undefined
      ? 'a recipe whose input_model.type is HfModel takes the checkpoint'
      : `for a graph name it (${join(folder, ...graph.split('/'))}), or use a recipe whose input_model.type is ONNXModel`;
  return `${folder}: taking ${listed(files.map(({ path }) => path))}; leaving ${listed(left)}. To take others: ${otherwise}.`;
}

function listed(paths: readonly string[]): string {
  const more = paths.length > MAX_LISTED ? ` and ${paths.length - MAX_LISTED} more` : '';
  return `${paths.slice(0, MAX_LISTED).join(', ')}${more}`;
}

async function localFile(folder: string, path: string): Promise<LocalFile> {
  const file = await realpath(join(folder, ...path.split('/')));
  const { size } = await stat(file);
  if (size === 0 && holdsModel(path)) throw new GroveError('invalid-checkpoint', { where: file, problem: 'it is empty' });
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
  return isGraph(path);
}
