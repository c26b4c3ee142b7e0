import { createHash } from 'node:crypto';
import { access, open, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { GroveError } from '../../../domain/errors.ts';
import type { Blob } from '../../../domain/manifest.ts';
import { withFolder } from './with-folder.ts';

/** Where an incoming blob is written and where it goes once proven. Both on one file system. */
export interface BlobPlaces {
  readonly temporaryPath: string;
  readonly finalPath: string;
}

/**
 * Writes bytes to a temporary file while hashing them, makes them durable and renames the file into place. Until then nothing is visible. Throws
 * `size-mismatch` as soon as there are too many bytes, or at the end when there are too few, and `digest-mismatch`; the temporary file is then gone.
 */
export async function receiveBlob(blob: Blob, bytes: AsyncIterable<Uint8Array>, { temporaryPath, finalPath }: BlobPlaces): Promise<void> {
  try {
    const actual = await writeHashed(temporaryPath, bytes, blob);
    if (actual.sizeBytes !== blob.sizeBytes) throw sizeMismatch(blob, actual.sizeBytes);
    if (actual.sha256 !== blob.sha256)
      throw new GroveError('digest-mismatch', { what: 'The blob', actual: actual.sha256, expected: blob.sha256 });
    await publish(temporaryPath, finalPath);
  } catch (error) {
    await rm(temporaryPath, { force: true });
    throw error;
  }
}

async function publish(temporaryPath: string, finalPath: string): Promise<void> {
  try {
    await withFolder(finalPath, () => rename(temporaryPath, finalPath));
  } catch (error) {
    // Windows refuses to replace a file that somebody reads. What is there has the same digest, so it is as good.
    if (!(await exists(finalPath))) throw error;
    await rm(temporaryPath, { force: true });
  }
  await syncFolder(dirname(finalPath));
}

/** Makes the new name survive a power cut. Windows cannot open folders; there the file system's journal does it. */
async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, 'r').catch(() => undefined);
  try {
    await folder?.sync().catch(() => undefined);
  } finally {
    await folder?.close();
  }
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}

async function writeHashed(path: string, bytes: AsyncIterable<Uint8Array>, expected: Blob): Promise<Blob> {
  const file = await open(path, 'wx', 0o600);
  try {
    const hash = createHash('sha256');
    let sizeBytes = 0;
    for await (const chunk of bytes) {
      sizeBytes += chunk.byteLength;
      if (sizeBytes > expected.sizeBytes) throw sizeMismatch(expected, sizeBytes);
      hash.update(chunk);
      await writeAll(file, chunk);
    }
    await file.sync().catch(storeFailed);
    return { sha256: hash.digest('hex'), sizeBytes };
  } finally {
    await file.close();
  }
}

async function writeAll(file: Awaited<ReturnType<typeof open>>, chunk: Uint8Array): Promise<void> {
  for (let written = 0; written < chunk.byteLength; ) {
    const { bytesWritten } = await file.write(chunk, written).catch(storeFailed);
    written += bytesWritten;
  }
}

/** A full or failing disk is the farm's trouble, unlike a client that stops sending. */
function storeFailed(cause: unknown): never {
  throw new GroveError('store-failed', { problem: cause instanceof Error ? cause.message : String(cause) }, { cause });
}

function sizeMismatch(blob: Blob, actual: number): GroveError {
  return new GroveError('size-mismatch', { what: 'The blob', actual, expected: blob.sizeBytes });
}
