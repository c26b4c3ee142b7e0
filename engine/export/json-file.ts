import { readFile, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { GroveError } from '../../domain/errors.ts';
import { findDuplicateKey } from './json-keys.ts';

/** Real ones are a few kilobytes; the index of a model of 400 shards stays below 10 MB. */
const MAX_JSON_BYTES = 32_000_000;

/** Reads a JSON file of a checkpoint. Throws `invalid-checkpoint` when it is missing, not JSON or gives a member twice, `too-large` above 32 MB. */
export async function readJsonFile(folder: string, name: string): Promise<unknown> {
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

function bad(where: string, problem: string, cause?: unknown): GroveError {
  return new GroveError('invalid-checkpoint', { where, problem }, { cause });
}
