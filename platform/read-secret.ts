import { readFile } from 'node:fs/promises';
import { GroveError } from '../domain/errors.ts';

/**
 * `NAME`, or the content of the file `NAME_FILE` names: so that a secret need not stand in a process's environment. Null when neither is given. Throws
 * `invalid-config` for a file that cannot be read.
 */
export async function readSecret(name: string, env: Readonly<Record<string, string | undefined>>): Promise<string | null> {
  const path = env[`${name}_FILE`];
  if (path === undefined || path === '') return env[name] || null;
  const text = await readFile(path, 'utf8').catch((cause: unknown) => {
    throw new GroveError('invalid-config', { where: `${name}_FILE`, problem: `${path} cannot be read` }, { cause });
  });
  return text.trim() || null;
}
