import { join } from 'node:path';
import { GroveError } from '../../domain/errors.ts';
import type { FileMap } from '../../domain/manifest.ts';
import { sha256File } from '../../platform/sha256.ts';
import type { TaskContext } from '../runner/stage.ts';

/**
 * Hashes files as they lie in the attempt's folder. What differs came from a cache that rotted or was written to: those blobs are discarded, so that
 * the next attempt fetches them again. Throws `transfer-failed`.
 */
export async function verifyFiles(files: FileMap, folder: string, context: TaskContext): Promise<void> {
  const totalBytes = Object.values(files).reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
  const wrong: string[] = [];
  let doneBytes = 0;
  for (const [path, blob] of Object.entries(files)) {
    const actual = await sha256File(join(folder, ...path.split('/')), context.signal);
    if (actual.sha256 !== blob.sha256) {
      wrong.push(path);
      await context.cache.discard(blob.sha256);
    }
    doneBytes += blob.sizeBytes;
    context.progress(totalBytes === 0 ? 1 : doneBytes / totalBytes);
  }
  if (wrong.length > 0)
    throw new GroveError('transfer-failed', {
      what: wrong.join(', '),
      problem: 'its bytes in the local cache are damaged; it was removed from there',
    });
}
