import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';

/** Bytes of a file, or of the files directly in a folder. Links that lead nowhere, as an interrupted download leaves them, count nothing. */
export async function sizeOfFiles(path: string): Promise<number> {
  const status = await stat(path);
  if (!status.isDirectory()) return status.size;
  const members = await Promise.all((await readdir(path)).map((name) => stat(join(path, name)).catch(() => undefined)));
  return members.reduce((sum, member) => sum + (member?.isFile() ? member.size : 0), 0);
}
