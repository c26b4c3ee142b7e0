import { mkdir } from 'node:fs/promises';
import { GroveError } from '../domain/errors.ts';

/** What systems answer, in words. */
const REASONS: Readonly<Record<string, string>> = {
  EACCES: 'permission is denied',
  EPERM: 'permission is denied',
  EROFS: 'the file system is read-only',
  ENOSPC: 'the disk is full',
  EEXIST: 'a part of the path is a file',
  ENOTDIR: 'a part of the path is a file',
  ENAMETOOLONG: 'a name in it is too long',
};

/** Makes a folder that a user named with `--out`, and those above it. Throws `invalid-argument` that says why it cannot. */
export async function makeOutFolder(folder: string): Promise<void> {
  try {
    await mkdir(folder, { recursive: true });
  } catch (cause) {
    throw unwritable(folder, cause);
  }
}

/** What keeps a folder from being written to, as `invalid-argument`. */
export function unwritable(folder: string, cause: unknown): GroveError {
  const code = cause instanceof Error && 'code' in cause ? String(cause.code) : '';
  const why = REASONS[code] ?? (cause instanceof Error ? cause.message : String(cause));
  return new GroveError('invalid-argument', { problem: `--out: nothing can be written to ${folder}: ${why}` }, { cause });
}
