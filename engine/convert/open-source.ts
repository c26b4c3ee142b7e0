import { readdir, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { GroveError } from '../../domain/errors.ts';
import { chooseGraph } from '../../domain/recipe/choose-graph.ts';
import type { InputModel } from '../../domain/recipe/recipe.ts';
import type { Model } from '../graph/model.ts';
import { readModelFile } from '../onnx/read.ts';
import { type CompiledParts, compiledParts } from './compiled-parts.ts';

/** The model before any pass. */
interface OpenedModel {
  readonly model: Model;
  readonly modelAttributes: Readonly<Record<string, unknown>>;
  /** What of it an execution provider has compiled; null for what is plain ONNX. */
  readonly compiled: CompiledParts | null;
}

/** Members of an ONNXModel that make it more than its file. */
const UNREAD_MEMBERS = ['constant_inputs_file_name', 'external_initializers_file_name', 'use_ort_extensions'];

/** Levels of folders in which a graph is looked for: hub repositories keep theirs in `onnx/`. */
const MAX_DEPTH = 2;

/**
 * An ONNX model starts as a graph; undefined for a checkpoint, which becomes one in its export pass. `source` is a file, or a folder in which `chooseGraph`
 * finds one. `model_attributes` of the recipe go along. Throws `unsupported-input`, `not-found`, and what reading the model throws.
 */
export async function openSource(inputModel: InputModel, source: string): Promise<OpenedModel | undefined> {
  const { type, config } = inputModel;
  if (type === 'HfModel') return undefined;
  if (type !== 'ONNXModel') throw new GroveError('unsupported-input', { problem: `input models of type ${type} need Olive` });
  const unread = UNREAD_MEMBERS.find((name) => config[name] !== undefined && config[name] !== null && config[name] !== false);
  if (unread !== undefined) throw new GroveError('unsupported-input', { problem: `the recipe's input_model sets ${unread}` });
  const path = await graphFile(inputModel, source);
  const model = await readModelFile(path);
  const compiled = compiledParts(model, dirname(path)) ?? null;
  const attributes = config['model_attributes'];
  const given = typeof attributes === 'object' && !Array.isArray(attributes) ? attributes : {};
  return { model, modelAttributes: { ...given, ...compiled?.attributes }, compiled };
}

async function graphFile(inputModel: InputModel, source: string): Promise<string> {
  const status = await stat(source).catch((cause: unknown) => {
    throw new GroveError('not-found', { kind: 'model', id: source }, { cause });
  });
  if (!status.isDirectory()) return source;
  const paths = await pathsBelow(source, MAX_DEPTH);
  const choice = chooseGraph(inputModel, paths);
  if ('graph' in choice) return join(source, ...choice.graph.split('/'));
  const checkpoint = paths.includes('config.json') && paths.some((path) => path.endsWith('.safetensors'));
  const advice = checkpoint
    ? '; it is a checkpoint: set input_model.type to HfModel and put OnnxConversion first, or name an .onnx file'
    : '';
  throw new GroveError('unsupported-input', { problem: `folder ${source}: ${choice.problem}${advice}` });
}

/** Files below a folder as paths with `/`. */
async function pathsBelow(folder: string, depth: number): Promise<readonly string[]> {
  const entries = await readdir(folder, { withFileTypes: true });
  const below = entries.map(async (entry): Promise<readonly string[]> => {
    if (!entry.isDirectory()) return [entry.name];
    if (depth <= 1) return [];
    return (await pathsBelow(join(folder, entry.name), depth - 1)).map((path) => `${entry.name}/${path}`);
  });
  return (await Promise.all(below)).flat();
}
