import { createHash } from 'node:crypto';
import type { Readable } from 'node:stream';
import { GroveError } from '../../../domain/errors.ts';
import type { Blob } from '../../../domain/manifest.ts';
import { sha256Schema } from '../../../domain/names.ts';
import type { Clock, EpochMs } from '../../../domain/ports.ts';
import type { Grant } from '../../../domain/protocol.ts';
import type { ArtifactStore, ByteRange, JobIndex } from '../artifact-store.ts';
import { CLAIM_AGAIN_MS, type Sweepable } from '../gc/sweepable.ts';
import { checksumHeader, GrantSigner } from './grants.ts';
import { blobKey } from './keys.ts';
import type { S3Credentials } from './presign.ts';
import { S3Bucket } from './s3-bucket.ts';
import { S3JobIndex } from './s3-job-index.ts';
import type { S3Settings } from './s3-settings.ts';
import { S3Sweep } from './s3-sweep.ts';
import { StagedUploads } from './staged-uploads.ts';
import { verifiesChecksums } from './verifies-checksums.ts';

/** Largest blob this store takes. */
const MAX_BLOB_BYTES = 64 * 1024 ** 3;
/** Above this a blob goes in parts of this size: an upload that breaks off continues, and 64 GiB stay below S3's 10,000 parts. */
const PART_BYTES = 64 * 1024 ** 2;

export interface S3ArtifactStoreOptions {
  readonly settings: S3Settings;
  readonly credentials: S3Credentials;
  readonly clock: Clock;
  /** At least 5 MiB, which S3 wants of a part. Default 64 MiB. */
  readonly partBytes?: number;
  /** Whether the server proves what arrives. Default: found out by trying. */
  readonly verifies?: boolean;
}

interface Pieces {
  readonly bucket: S3Bucket;
  readonly signer: GrantSigner;
  readonly staged: StagedUploads;
  readonly sweep: S3Sweep;
  readonly partBytes: number;
  readonly verifies: boolean;
}

/**
 * Blobs as objects of one bucket: `sha256/ab/cdef...` below a prefix. Agents and the CLI move bytes between themselves and the server. A blob up to one
 * part's size goes straight to its place when the server proves its SHA-256; everything else arrives in `staging/` and is proven here first.
 */
export class S3ArtifactStore implements ArtifactStore {
  readonly #pieces: Pieces;

  private constructor(pieces: Pieces) {
    this.#pieces = pieces;
  }

  /**
   * Finds the bucket and learns what the server verifies. Throws `artifact-store-refused` (credentials, clock, permissions, no bucket),
   * `artifact-store-unavailable` and `invalid-config`.
   */
  static async open({ settings, credentials, clock, partBytes = PART_BYTES, verifies }: S3ArtifactStoreOptions): Promise<S3ArtifactStore> {
    const bucket = await S3Bucket.connect(settings, credentials, clock);
    try {
      await bucket.ensure();
      const addressOf = (key: string, endpoint: string) => bucket.address(key, endpoint);
      const signer = new GrantSigner(settings, credentials, addressOf);
      const own = new GrantSigner({ ...settings, publicEndpoint: settings.endpoint }, credentials, addressOf);
      const proves = verifies ?? (await verifiesChecksums(bucket, own, clock.now()));
      const staged = new StagedUploads({ bucket, signer, clock, partBytes });
      return new S3ArtifactStore({ bucket, signer, staged, sweep: new S3Sweep(bucket, clock), partBytes, verifies: proves });
    } catch (error) {
      bucket.close();
      throw error;
    }
  }

  /** Whether the server itself refuses wrong bytes. */
  get verifies(): boolean {
    return this.#pieces.verifies;
  }

  /** Why the store cannot be used now; undefined when it can. */
  get problem(): GroveError | undefined {
    return this.#pieces.bucket.problem;
  }

  /** For garbage collection. */
  get sweep(): Sweepable {
    return this.#pieces.sweep;
  }

  /** Which blobs are documents of jobs. */
  get jobIndex(): JobIndex {
    return new S3JobIndex(this.#pieces.bucket);
  }

  /** Closes connections. */
  close(): void {
    this.#pieces.bucket.close();
  }

  async grantPut(blob: Blob, now: EpochMs): Promise<Grant> {
    if (blob.sizeBytes > MAX_BLOB_BYTES) {
      throw new GroveError('too-large', { what: `Blob ${blob.sha256}`, sizeBytes: blob.sizeBytes, limitBytes: MAX_BLOB_BYTES });
    }
    const { signer, staged, verifies, partBytes } = this.#pieces;
    const stored = await this.claim(blob.sha256, now);
    if (stored === undefined) {
      const direct = verifies && blob.sizeBytes <= partBytes;
      return direct ? signer.put(blob, blobKey(blob.sha256), now) : staged.grant(blob, now);
    }
    assertSize(blob, stored.sizeBytes);
    return { sha256: blob.sha256, present: true, url: '', headers: {}, parts: [], confirm: false };
  }

  async grantGet(blob: Blob, now: EpochMs): Promise<Grant> {
    const stored = await this.head(blob.sha256);
    if (stored === undefined) throw missing(blob.sha256);
    assertSize(blob, stored.sizeBytes);
    return this.#pieces.signer.get(blob, blobKey(blob.sha256), now);
  }

  async head(sha256: string): Promise<{ readonly sizeBytes: number } | undefined> {
    const object = await this.#pieces.bucket.head(keyOf(sha256));
    return object === undefined ? undefined : { sizeBytes: object.sizeBytes };
  }

  async claim(sha256: string, now: EpochMs): Promise<{ readonly sizeBytes: number } | undefined> {
    const { bucket, sweep } = this.#pieces;
    const object = await bucket.head(keyOf(sha256));
    if (object === undefined || object.modifiedAt >= now - CLAIM_AGAIN_MS) return object;
    await sweep.claim(sha256);
    return this.head(sha256);
  }

  async open(sha256: string, range?: ByteRange): Promise<Readable> {
    const bytes = await this.#pieces.bucket.get(keyOf(sha256), range);
    if (bytes === undefined) throw missing(sha256);
    return bytes;
  }

  async put(bytes: Uint8Array): Promise<Blob> {
    const sha256 = createHash('sha256').update(bytes).digest('hex');
    const { bucket, sweep } = this.#pieces;
    const store = () => bucket.put(blobKey(sha256), Buffer.from(bytes), checksumHeader(sha256));
    await store();
    // Written over an object that was being removed, it may be gone again.
    if (await sweep.untilNotCondemned(sha256)) await store();
    return { sha256, sizeBytes: bytes.byteLength };
  }
}

/** Throws `not-found` for what is no digest: the only input that ever becomes part of a key. */
function keyOf(sha256: string): string {
  if (!sha256Schema.safeParse(sha256).success) throw missing(sha256);
  return blobKey(sha256);
}

function missing(sha256: string): GroveError {
  return new GroveError('not-found', { kind: 'blob', id: sha256 });
}

function assertSize({ sha256, sizeBytes }: Blob, actual: number): void {
  if (actual !== sizeBytes) throw new GroveError('size-mismatch', { what: `The stored blob ${sha256}`, actual, expected: sizeBytes });
}
