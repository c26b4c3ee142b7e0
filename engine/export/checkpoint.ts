import { readdir, stat } from 'node:fs/promises';
import { basename } from 'node:path';
import { z } from 'zod';
import { checkpointProblem, WEIGHTS_FILE } from '../../domain/checkpoint-files.ts';
import { GroveError } from '../../domain/errors.ts';
import { readJsonFile } from './json-file.ts';
import { openShards, openWeights, type WeightFiles } from './weight-files.ts';

const CONFIG = 'config.json';

const configSchema = z.looseObject({ model_type: z.string() });

/** A Hugging Face checkpoint folder: its configuration, and its weights by PyTorch parameter name. */
export interface Checkpoint extends WeightFiles {
  readonly folder: string;
  /** `config.json` as it is. */
  readonly config: Readonly<Record<string, unknown>> & { readonly model_type: string };
}

/**
 * Opens a checkpoint. Weights are one `model.safetensors`, which wins, or shards named by `model.safetensors.index.json`; every header is checked here.
 * Throws `invalid-checkpoint`, with the way out, when there is no such folder or it holds something else, and `invalid-safetensors`.
 */
async function openCheckpoint(folder: string): Promise<Checkpoint> {
  const names = await namesIn(folder);
  const problem = checkpointProblem(names);
  if (problem !== undefined) throw bad(folder, problem);
  const config = await readConfig(folder);
  return { folder, config, ...(names.includes(WEIGHTS_FILE) ? openWeights(folder) : await openShards(folder)) };
}

/** A checkpoint whose weights are on their way. */
export interface ArrivingCheckpoint {
  readonly checkpoint: Checkpoint;
  /** Resolves when all have arrived that will; never rejects. */
  readonly arrival: Promise<void>;
}

/** Opens a checkpoint and begins to read its weights. Throws as {@link openCheckpoint}. */
export async function openAhead(folder: string): Promise<ArrivingCheckpoint> {
  const checkpoint = await openCheckpoint(folder);
  return { checkpoint, arrival: checkpoint.readAhead() };
}

async function namesIn(folder: string): Promise<readonly string[]> {
  const status = await stat(folder).catch(() => undefined);
  if (status === undefined) throw bad(folder, 'there is no such folder');
  if (status.isDirectory()) return readdir(folder);
  const advice = folder.toLowerCase().endsWith('.onnx') ? "; to convert an ONNX model set the recipe's input_model.type to ONNXModel" : '';
  throw bad(folder, `it is a file; a checkpoint is a folder with config.json and safetensors${advice}`);
}

async function readConfig(folder: string): Promise<Checkpoint['config']> {
  const parsed = configSchema.safeParse(await readJsonFile(folder, CONFIG));
  if (parsed.success) return parsed.data;
  throw bad(`${basename(folder)}/${CONFIG}`, 'it has no "model_type"; it is no Hugging Face model configuration');
}

function bad(where: string, problem: string): GroveError {
  return new GroveError('invalid-checkpoint', { where, problem });
}
