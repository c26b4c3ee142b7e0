import { GroveError } from '../../domain/errors.ts';
import type { Blob as StoredBlob } from '../../domain/manifest.ts';
import { ROUTES } from '../routes.ts';
import { Backoff } from './backoff.ts';
import type { Http } from './http.ts';

/** Where a download continues, and when it stops. */
export interface DownloadOptions {
  /** Bytes that are there already. Default 0. */
  readonly offset?: number;
  readonly signal?: AbortSignal;
}

/** Tries without a byte between them. */
const ATTEMPTS = 4;

/**
 * The bytes of a stored blob from `offset` on. A connection that breaks is continued where it broke. The digest is for whoever has all bytes to check.
 * Throws `not-found`, `size-mismatch` when the farm sends more than the blob has, `transfer-failed` when four tries in a row bring nothing.
 */
export async function* downloadBlob(http: Http, blob: StoredBlob, options: DownloadOptions): AsyncGenerator<Uint8Array> {
  const { signal } = options;
  const backoff = new Backoff(http.retryDelayMs);
  let done = options.offset ?? 0;
  for (let attempt = 1; done < blob.sizeBytes; attempt += 1) {
    try {
      for await (const chunk of bytesFrom(http, blob, { offset: done, ...(signal && { signal }) })) {
        done += chunk.byteLength;
        if (done > blob.sizeBytes) throw tooMany(blob, done);
        yield chunk;
        attempt = 0;
        backoff.reset();
      }
      if (done < blob.sizeBytes) throw new GroveError('transfer-failed', { what: nameOf(blob), problem: 'the connection ended early' });
    } catch (error) {
      signal?.throwIfAborted();
      if (!isWorthAnotherTry(error)) throw error;
      if (attempt >= ATTEMPTS) throw new GroveError('transfer-failed', { what: nameOf(blob), problem: String(error) }, { cause: error });
      await backoff.wait(signal);
    }
  }
}

async function* bytesFrom(http: Http, { sha256 }: StoredBlob, { offset = 0, signal }: DownloadOptions): AsyncGenerator<Uint8Array> {
  const headers = offset === 0 ? {} : { range: `bytes=${offset}-` };
  const response = await http.stream(ROUTES.artifact, { params: { sha256 }, headers, ...(signal && { signal }) });
  // A store that does not know ranges sends everything again.
  let skip = response.status === 206 ? 0 : offset;
  for await (const chunk of response.body ?? []) {
    if (skip >= chunk.byteLength) skip -= chunk.byteLength;
    else {
      yield chunk.subarray(skip);
      skip = 0;
    }
  }
}

/** What the farm refuses it refuses again; broken connections carry no code of ours. */
function isWorthAnotherTry(error: unknown): boolean {
  return !(error instanceof GroveError) || error.spec.retryable || error.code === 'not-running';
}

function tooMany(blob: StoredBlob, actual: number): GroveError {
  return new GroveError('size-mismatch', { what: nameOf(blob), expected: blob.sizeBytes, actual });
}

function nameOf({ sha256 }: StoredBlob): string {
  return `blob ${sha256.slice(0, 12)}`;
}
