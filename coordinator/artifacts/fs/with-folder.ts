import { mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';

/** Makes the folder of `path` when it is missing, and writes again: it is missing once, and written into all the time. */
export async function withFolder(path: string, write: () => Promise<void>): Promise<void> {
  try {
    await write();
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ENOENT')) throw error;
    await mkdir(dirname(path), { recursive: true, mode: 0o700 });
    await write();
  }
}
