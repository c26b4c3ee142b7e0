import { createHash, randomBytes } from 'node:crypto';
import { mkdir, open, readdir, rm, stat, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { GroveError } from '../../../domain/errors.ts';
import type { Blob } from '../../../domain/manifest.ts';
import { sha256Schema } from '../../../domain/names.ts';
import type { EpochMs } from '../../../domain/ports.ts';
import type { Grant } from '../../../domain/protocol.ts';
import type { ArtifactStore, ByteRange } from '../artifact-store.ts';
import { CLAIM_AGAIN_MS } from '../gc/sweepable.ts';
import type { SignedBlobs, SignedRequest } from '../signed-blobs.ts';
import { receiveBlob } from './receive-blob.ts';
import { loadSigningKey, UrlSigner } from './signing.ts';

/** How long a signed URL lives: long enough to move the largest model over a slow lab network. */
const GRANT_MS = 15 * 60_000;

/** Largest blob this store takes. */
const MAX_BLOB_BYTES = 64 * 1024 ** 3;

/** Every blob is sent in one piece and proven while it arrives. */
const WHOLE = { headers: {}, parts: [], confirm: false } as const;

/** Where blobs live and how clients reach them. */
export interface FsArtifactStoreOptions {
  /** Blobs, temporary files and the signing key live here. Created when missing. */
  readonly folder: string;
  /** Origin under which the coordinator serves `/artifacts/...`, asked for each grant because the port is known only after listening. */
  baseUrl(): string;
}

/**
 * Blobs as files of one folder: `sha256/ab/cdef...`. A blob becomes visible by an atomic rename after its bytes are durable and proven, so a crash at
 * any moment leaves either nothing or the whole blob; what it leaves in `incoming/` is removed at the next start.
 */
export class FsArtifactStore implements ArtifactStore, SignedBlobs {
  readonly #folder: string;
  readonly #baseUrl: () => string;
  readonly #signer: UrlSigner;

  private constructor(options: FsArtifactStoreOptions, signer: UrlSigner) {
    this.#folder = options.folder;
    this.#baseUrl = options.baseUrl;
    this.#signer = signer;
  }

  /** Makes the folder ready: removes half-written blobs of an earlier process and loads or makes the signing key. */
  static async open(options: FsArtifactStoreOptions): Promise<FsArtifactStore> {
    const incoming = join(options.folder, 'incoming');
    await mkdir(join(options.folder, 'sha256'), { recursive: true, mode: 0o700 });
    await mkdir(incoming, { recursive: true, mode: 0o700 });
    for (const name of await readdir(incoming)) await rm(join(incoming, name), { force: true });
    return new FsArtifactStore(options, new UrlSigner(await loadSigningKey(join(options.folder, 'url-signing.key'))));
  }

  async grantPut(blob: Blob, now: EpochMs): Promise<Grant> {
    if (blob.sizeBytes > MAX_BLOB_BYTES) {
      throw new GroveError('too-large', { what: `Blob ${blob.sha256}`, sizeBytes: blob.sizeBytes, limitBytes: MAX_BLOB_BYTES });
    }
    const stored = await this.claim(blob.sha256, now);
    if (stored === undefined) return this.#grant('PUT', blob, now);
    if (stored.sizeBytes !== blob.sizeBytes) throw wrongSize(blob, stored.sizeBytes);
    return { sha256: blob.sha256, present: true, ...WHOLE, url: '' };
  }

  async grantGet(blob: Blob, now: EpochMs): Promise<Grant> {
    const stored = await this.head(blob.sha256);
    if (stored === undefined) throw missing(blob.sha256);
    if (stored.sizeBytes !== blob.sizeBytes) throw wrongSize(blob, stored.sizeBytes);
    return this.#grant('GET', blob, now);
  }

  async head(sha256: string): Promise<{ readonly sizeBytes: number } | undefined> {
    try {
      const { size } = await stat(this.#pathOf(sha256));
      return { sizeBytes: size };
    } catch (error) {
      if (isMissing(error)) return undefined;
      throw error;
    }
  }

  async claim(sha256: string, now: EpochMs): Promise<{ readonly sizeBytes: number } | undefined> {
    try {
      const path = this.#pathOf(sha256);
      const { size, mtimeMs } = await stat(path);
      if (mtimeMs < now - CLAIM_AGAIN_MS) await utimes(path, now / 1_000, now / 1_000);
      return { sizeBytes: size };
    } catch (error) {
      if (isMissing(error)) return undefined;
      throw error;
    }
  }

  async open(sha256: string, range?: ByteRange): Promise<Readable> {
    // Opened before the answer, so that a missing blob is an error here and not in the middle of a response.
    const file = await open(this.#pathOf(sha256), 'r').catch((error: unknown) => {
      throw isMissing(error) ? missing(sha256) : error;
    });
    return file.createReadStream(range === undefined ? {} : { start: range.first, end: range.last });
  }

  async put(bytes: Uint8Array): Promise<Blob> {
    const blob = { sha256: createHash('sha256').update(bytes).digest('hex'), sizeBytes: bytes.byteLength };
    await this.receive(blob, once(bytes));
    return blob;
  }

  authorize(request: SignedRequest, now: EpochMs): void {
    this.#signer.verify(request, now);
  }

  async receive(blob: Blob, bytes: AsyncIterable<Uint8Array>): Promise<void> {
    const finalPath = this.#pathOf(blob.sha256);
    // A name of its own per transfer: two transfers of one blob do not meet, and the second rename replaces equal bytes.
    const temporaryPath = join(this.#folder, 'incoming', `${blob.sha256.slice(0, 16)}-${randomBytes(8).toString('hex')}`);
    await receiveBlob(blob, bytes, { temporaryPath, finalPath });
  }

  #grant(method: 'PUT' | 'GET', blob: Blob, now: EpochMs): Grant {
    const expiresAt = now + GRANT_MS;
    const query = new URLSearchParams({
      size: String(blob.sizeBytes),
      exp: String(expiresAt),
      sig: this.#signer.sign({ method, blob, expiresAt }),
    });
    return { sha256: blob.sha256, present: false, ...WHOLE, url: `${this.#baseUrl()}/artifacts/${blob.sha256}?${query}` };
  }

  /** Throws `not-found` for what is no digest: the only input that ever becomes part of a path. */
  #pathOf(sha256: string): string {
    if (!sha256Schema.safeParse(sha256).success) throw missing(sha256);
    return join(this.#folder, 'sha256', sha256.slice(0, 2), sha256.slice(2));
  }
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}

function missing(sha256: string): GroveError {
  return new GroveError('not-found', { kind: 'blob', id: sha256 });
}

function wrongSize(blob: Blob, actual: number): GroveError {
  return new GroveError('size-mismatch', { what: `The stored blob ${blob.sha256}`, actual, expected: blob.sizeBytes });
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ENOENT';
}
