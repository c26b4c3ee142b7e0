import { createHash, hash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import type { Blob } from '../domain/manifest.ts';

/** SHA-256 of text (as UTF-8) or bytes as 64 lower-case hex digits: the real implementation of `domain/json.ts` Sha256. */
export function sha256(data: string | Uint8Array): string {
  return hash('sha256', data, 'hex');
}

/** Digest and size of a file in one streaming read; memory stays at one chunk. Throws the file system's error when it cannot be read. */
export async function sha256File(path: string, signal?: AbortSignal): Promise<Blob> {
  const hash = createHash('sha256');
  let sizeBytes = 0;
  const stream = createReadStream(path, { highWaterMark: 1_048_576, ...(signal && { signal }) });
  for await (const chunk of stream as AsyncIterable<Buffer>) {
    hash.update(chunk);
    sizeBytes += chunk.byteLength;
  }
  return { sha256: hash.digest('hex'), sizeBytes };
}
