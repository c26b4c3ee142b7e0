import { GroveError } from '../../domain/errors.ts';
import type { Blob, FileMap } from '../../domain/manifest.ts';
import type { Grant } from '../../domain/protocol.ts';
import type { TaskContext } from '../runner/stage.ts';
import { downloadFile } from './http.ts';
import { withRetries } from './retry.ts';

/** Blobs asked for at once: their URLs live minutes, and an answer must fit a message. */
export const GRANT_BATCH = 64;

/** Where files go and who is told. */
export interface FetchTarget {
  readonly folder: string;
  readonly onBytes?: OnBytes;
}

/** Called with bytes done so far, of all files together. */
type OnBytes = (doneBytes: number) => void;

/**
 * Brings every file of a manifest into the cache, pinned, and lays them out below `folder`. Returns the function that unpins.
 * Throws `transfer-failed`, `low-disk`, what the coordinator refuses with, and the signal's reason.
 */
export async function fetchFiles(files: FileMap, context: TaskContext, { folder, onBytes = () => {} }: FetchTarget): Promise<() => void> {
  const blobs = distinct(Object.values(files));
  const unpin = context.cache.pin(blobs);
  try {
    let doneBytes = 0;
    for (let start = 0; start < blobs.length; start += GRANT_BATCH) {
      const batch = blobs.slice(start, start + GRANT_BATCH);
      const absent = batch.filter(({ sha256 }) => !context.cache.has(sha256));
      const grants = absent.length === 0 ? [] : await withRetries(context, 'Asking where files are', () => context.grants('get', absent));
      for (const blob of batch) {
        await context.cache.ensure(
          blob,
          (wanted, path) => download(wanted, path, { context, grants, onBytes: (bytes) => onBytes(doneBytes + bytes) }),
          context.signal,
        );
        doneBytes += blob.sizeBytes;
        onBytes(doneBytes);
      }
    }
    await context.cache.place(files, folder);
    return unpin;
  } catch (error) {
    unpin();
    throw error;
  }
}

async function download(
  blob: Blob,
  path: string,
  { context, grants, onBytes }: { readonly context: TaskContext; readonly grants: readonly Grant[]; readonly onBytes: OnBytes },
): Promise<void> {
  const what = `blob ${blob.sha256.slice(0, 12)}`;
  let grant = grants.find(({ sha256 }) => sha256 === blob.sha256);
  await withRetries(context, `Download of ${what}`, async () => {
    // Evicted between the question and its turn, or its address has aged: ask again.
    const given = grant ?? (await context.grants('get', [blob]))[0];
    grant = undefined;
    if (given === undefined) throw new GroveError('transfer-failed', { what, problem: 'the coordinator gave no address for it' });
    const { signal, config } = context;
    await downloadFile(
      { url: given.url, headers: given.headers, path, what, signal, authority: config.farmAuthority, onBytes },
      blob.sizeBytes,
    );
  });
}

function distinct(blobs: readonly Blob[]): readonly Blob[] {
  return [...new Map(blobs.map((blob) => [blob.sha256, blob])).values()];
}
