import { basename, join } from 'node:path';
import { z } from 'zod';
import { WEIGHTS_FILE, WEIGHTS_INDEX_FILE } from '../../domain/checkpoint-files.ts';
import { GroveError } from '../../domain/errors.ts';
import type { Tensor } from '../graph/tensor.ts';
import { readJsonFile } from './json-file.ts';
import { type SafetensorsEntry, SafetensorsFile } from './safetensors.ts';

/** Files that one model's weights may lie in: each is kept open. The largest published models have some 200. */
const MAX_SHARDS = 512;

const indexSchema = z.looseObject({ weight_map: z.record(z.string(), z.string()) });

/** The weights of a checkpoint by name. Every header is checked when they are opened. */
export interface WeightFiles {
  /** Type and shape of a tensor, or undefined when there is none of that name. */
  entry(name: string): Pick<SafetensorsEntry, 'dataType' | 'dims'> | undefined;
  /** Reads one tensor, or gives undefined when there is none of that name. */
  read(name: string): Tensor | undefined;
  /** Begins to read what will be asked for, while something else is done. Resolves when nothing more is to come; never rejects. */
  readAhead(): Promise<void>;
  /** Closes the files. Tensors already read stay valid. */
  close(): void;
}

/** Opens `model.safetensors`. Throws `invalid-safetensors` or `not-found`. */
export function openWeights(folder: string): WeightFiles {
  const file = new SafetensorsFile(join(folder, WEIGHTS_FILE));
  return {
    entry: (name) => file.entries.get(name),
    read: (name) => file.read(name),
    readAhead: () => file.readAhead(),
    close: () => file.close(),
  };
}

/**
 * Opens the shards that `model.safetensors.index.json` names. Throws `invalid-checkpoint` when index and shards disagree or a tensor is in two shards,
 * `unsafe-path` for a shard outside the folder, `not-found` for a missing one, `invalid-safetensors` for a broken one.
 */
export async function openShards(folder: string): Promise<WeightFiles> {
  const where = `${basename(folder)}/${WEIGHTS_INDEX_FILE}`;
  const parsed = indexSchema.safeParse(await readJsonFile(folder, WEIGHTS_INDEX_FILE));
  if (!parsed.success) throw bad(where, '"weight_map" must map tensor names to file names');
  const shardOf = new Map(Object.entries(parsed.data.weight_map));
  const shards = [...new Set(shardOf.values())];
  for (const shard of shards) requirePlainName(shard);
  if (shards.length > MAX_SHARDS) throw bad(where, `it names ${shards.length} files; ${MAX_SHARDS} are the most that are opened`);
  const opened: [string, SafetensorsFile][] = [];
  const close = (): void => {
    for (const [, file] of opened) file.close();
  };
  try {
    for (const shard of shards) opened.push([shard, new SafetensorsFile(join(folder, shard))]);
    const files = fileByTensor(opened, where);
    for (const [name, shard] of shardOf) {
      if (files.get(name)?.[0] !== shard) throw bad(where, `tensor "${name}" is not in ${shard}`);
    }
    const fileOf = (name: string): SafetensorsFile | undefined => files.get(name)?.[1];
    // Models in shards are large: their tensors come one by one.
    const readAhead = (): Promise<void> => Promise.resolve();
    return { entry: (name) => fileOf(name)?.entries.get(name), read: (name) => fileOf(name)?.read(name), readAhead, close };
  } catch (thrown) {
    close();
    throw thrown;
  }
}

/** Where each tensor lies. What the index leaves out is there all the same: transformers reads shards whole. */
function fileByTensor(opened: readonly [string, SafetensorsFile][], where: string): Map<string, [string, SafetensorsFile]> {
  const files = new Map<string, [string, SafetensorsFile]>();
  for (const [shard, file] of opened) {
    for (const name of file.entries.keys()) {
      const other = files.get(name)?.[0];
      if (other !== undefined) throw bad(where, `tensor "${name}" is in ${other} and in ${shard}`);
      files.set(name, [shard, file]);
    }
  }
  return files;
}

/** A shard lies in the checkpoint's own folder. Links are followed: the hub's cache is made of them. */
function requirePlainName(name: string): void {
  if (/^[\w-][\w.-]*\.safetensors$/.test(name)) return;
  throw new GroveError('unsafe-path', { path: name });
}

function bad(where: string, problem: string): GroveError {
  return new GroveError('invalid-checkpoint', { where, problem });
}
