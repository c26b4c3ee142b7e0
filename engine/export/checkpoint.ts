import { constants } from 'node:fs';
import { access, readFile, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { z } from 'zod';
import { GroveError } from '../../domain/errors.ts';
import type { Tensor } from '../graph/tensor.ts';
import { findDuplicateKey } from './json-keys.ts';
import { type SafetensorsEntry, SafetensorsFile } from './safetensors.ts';

const CONFIG = 'config.json';
const WEIGHTS = 'model.safetensors';
const INDEX = 'model.safetensors.index.json';

/** Real ones are a few kilobytes; the index of a model of 400 shards stays below 10 MB. */
const MAX_JSON_BYTES = 32_000_000;

const configSchema = z.looseObject({ model_type: z.string() });
const indexSchema = z.looseObject({ weight_map: z.record(z.string(), z.string()) });

/** A Hugging Face checkpoint folder: its configuration, and its weights by PyTorch parameter name. */
export interface Checkpoint {
  readonly folder: string;
  /** `config.json` as it is. */
  readonly config: Readonly<Record<string, unknown>> & { readonly model_type: string };
  /** Type and shape of a tensor, or undefined when there is none of that name. */
  entry(name: string): Pick<SafetensorsEntry, 'dataType' | 'dims'> | undefined;
  /** Reads one tensor, or gives undefined when there is none of that name. */
  read(name: string): Tensor | undefined;
  /** Closes the weight files. Tensors already read stay valid. */
  close(): void;
}

/**
 * Opens a checkpoint. Weights are one `model.safetensors` or shards named by `model.safetensors.index.json`; every header is checked here.
 * Throws `invalid-checkpoint`, `invalid-safetensors` or `not-found`.
 */
export async function openCheckpoint(folder: string): Promise<Checkpoint> {
  const config = await readConfig(folder);
  if (await exists(join(folder, WEIGHTS))) {
    const file = new SafetensorsFile(join(folder, WEIGHTS));
    return {
      folder,
      config,
      entry: (name) => file.entries.get(name),
      read: (name) => file.read(name),
      close: () => file.close(),
    };
  }
  if (await exists(join(folder, INDEX))) return openShards(folder, config);
  throw bad(folder, await missingWeights(folder));
}

async function readConfig(folder: string): Promise<Checkpoint['config']> {
  const parsed = configSchema.safeParse(await readJson(folder, CONFIG));
  if (parsed.success) return parsed.data;
  throw bad(`${basename(folder)}/${CONFIG}`, 'it has no "model_type"; it is no Hugging Face model configuration');
}

async function openShards(folder: string, config: Checkpoint['config']): Promise<Checkpoint> {
  const where = `${basename(folder)}/${INDEX}`;
  const parsed = indexSchema.safeParse(await readJson(folder, INDEX));
  if (!parsed.success) throw bad(where, '"weight_map" must map tensor names to file names');
  const shardOf = new Map(Object.entries(parsed.data.weight_map));
  for (const shard of shardOf.values()) requirePlainName(shard);
  const files = new Map<string, SafetensorsFile>();
  const close = (): void => {
    for (const file of files.values()) file.close();
  };
  try {
    for (const shard of new Set(shardOf.values())) files.set(shard, new SafetensorsFile(join(folder, shard)));
    for (const [name, shard] of shardOf) {
      if (!files.get(shard)?.entries.has(name)) throw bad(where, `tensor "${name}" is not in ${shard}`);
    }
  } catch (thrown) {
    close();
    throw thrown;
  }
  const fileOf = (name: string): SafetensorsFile | undefined => files.get(shardOf.get(name) ?? '');
  return { folder, config, entry: (name) => fileOf(name)?.entries.get(name), read: (name) => fileOf(name)?.read(name), close };
}

/** A shard lies in the checkpoint's own folder. Links are followed: the hub's cache is made of them. */
function requirePlainName(name: string): void {
  if (/^[\w-][\w.-]*\.safetensors$/.test(name)) return;
  throw new GroveError('unsafe-path', { path: name });
}

async function missingWeights(folder: string): Promise<string> {
  if (await exists(join(folder, 'pytorch_model.bin'))) {
    return (
      'it has pytorch_model.bin and no model.safetensors. A .bin file is a Python pickle, which can run code and is not read; ' +
      'load it once with transformers and write it with save_pretrained(safe_serialization=True)'
    );
  }
  return `it has neither ${WEIGHTS} nor ${INDEX}`;
}

async function readJson(folder: string, name: string): Promise<unknown> {
  const path = join(folder, name);
  const where = `${basename(folder)}/${name}`;
  const status = await stat(path).catch(() => undefined);
  if (!status?.isFile()) throw bad(folder, `it has no ${name}`);
  if (status.size > MAX_JSON_BYTES) throw new GroveError('too-large', { what: where, sizeBytes: status.size, limitBytes: MAX_JSON_BYTES });
  const text = await readFile(path, 'utf8');
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw bad(where, `it is not JSON (${cause instanceof Error ? cause.message : String(cause)})`, cause);
  }
  const duplicate = findDuplicateKey(text);
  if (duplicate !== undefined) throw bad(where, `"${duplicate}" is given twice`);
  return value;
}

async function exists(path: string): Promise<boolean> {
  return access(path, constants.R_OK).then(
    () => true,
    () => false,
  );
}

function bad(where: string, problem: string, cause?: unknown): GroveError {
  return new GroveError('invalid-checkpoint', { where, problem }, { cause });
}
