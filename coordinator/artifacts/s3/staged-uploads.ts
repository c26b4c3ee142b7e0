import { createHash } from 'node:crypto';
import type { Readable } from 'node:stream';
import { GroveError, toGroveError } from '../../../domain/errors.ts';
import type { Blob } from '../../../domain/manifest.ts';
import type { Clock, EpochMs } from '../../../domain/ports.ts';
import type { Grant } from '../../../domain/protocol.ts';
import type { GrantSigner } from './grants.ts';
import { blobKey, STAGING, UPLOADS } from './keys.ts';
import type { S3Bucket, S3Part } from './s3-bucket.ts';

/** Parts named in one answer: its URLs have to fit a message, for a batch of blobs. */
const PARTS_PER_GRANT = 4;
/** A question is answered within this even while a large blob is being proven. */
const ANSWER_MS = 8_000;
/** Blobs proven at once: each is a stream through this process. */
const PROVEN_AT_ONCE = 2;
/** What became of a proof waits this long for somebody who asks. */
const OUTCOME_KEPT_MS = 10 * 60_000;

export interface StagedUploadsOptions {
  readonly bucket: S3Bucket;
  readonly signer: GrantSigner;
  readonly clock: Clock;
  readonly partBytes: number;
}

/**
 * Uploads whose bytes the server does not prove: they arrive under `staging/`, and the blob becomes visible only after its bytes were read back and hashed
 * here. Everything about an upload lies in the bucket, under a name that follows from the blob: any coordinator, and any client that brings the same
 * bytes, continues it.
 */
export class StagedUploads {
  readonly #options: StagedUploadsOptions;
  readonly #proofs = new Map<string, Promise<GroveError | undefined>>();
  readonly #queue: (() => void)[] = [];
  #proving = 0;

  constructor(options: StagedUploadsOptions) {
    this.#options = options;
  }

  /**
   * What to send next of a blob that is not stored. Once everything is there it proves the blob, and answers `present`, or with nothing to send while that
   * takes longer. Throws `digest-mismatch` and `size-mismatch` for what was sent; it is then gone.
   */
  async grant(blob: Blob, now: EpochMs): Promise<Grant> {
    const key = stagingKey(blob);
    if (this.#proofs.has(key)) return this.#outcome(blob, key);
    const grant =
      blob.sizeBytes > this.#options.partBytes ? await this.#grantParts(blob, key, now) : await this.#grantWhole(blob, key, now);
    if (grant !== undefined) return grant;
    this.#startProof(blob, key);
    return this.#outcome(blob, key);
  }

  async #grantWhole(blob: Blob, key: string, now: EpochMs): Promise<Grant | undefined> {
    const { bucket, signer } = this.#options;
    const arrived = await bucket.head(key);
    return arrived === undefined ? signer.putUnproven(blob, key, now) : undefined;
  }

  /** Undefined when all parts are there and joined. */
  async #grantParts(blob: Blob, key: string, now: EpochMs): Promise<Grant | undefined> {
    const { bucket, signer, partBytes } = this.#options;
    let uploadId = await bucket.findUpload(key);
    if (uploadId === undefined) {
      if ((await bucket.head(key)) !== undefined) return undefined;
      await bucket.put(uploadKey(key), Buffer.alloc(0), {});
      uploadId = await bucket.startUpload(key);
    }
    // Finished or dropped between the two questions: what follows finds out.
    const arrived = (await bucket.parts(key, uploadId)) ?? [];
    const missing = missingParts(blob, partBytes, arrived);
    if (missing.length === 0) {
      await bucket.finishUpload(key, uploadId, arrived);
      await bucket.remove(uploadKey(key));
      return undefined;
    }
    const upload = { key, uploadId };
    const parts = missing.slice(0, PARTS_PER_GRANT).map((part) => signer.part({ ...upload, ...part }, now));
    return { sha256: blob.sha256, present: false, url: '', headers: {}, parts, confirm: true };
  }

  async #outcome({ sha256 }: Blob, key: string): Promise<Grant> {
    const pending = { sha256, present: false, url: '', headers: {}, parts: [], confirm: true } as const;
    const outcome = await this.#withinAnswerTime(this.#proofs.get(key));
    if (outcome === 'pending') return pending;
    this.#proofs.delete(key);
    if (outcome !== undefined) throw outcome;
    return { ...pending, present: true, confirm: false };
  }

  async #withinAnswerTime<T>(work: T | Promise<T>): Promise<T | 'pending'> {
    return new Promise((resolve, reject) => {
      const timer = this.#options.clock.after(ANSWER_MS, () => resolve('pending'));
      Promise.resolve(work)
        .then(resolve, reject)
        .finally(() => timer.cancel());
    });
  }

  /** Its outcome is told to the next who asks, and forgotten when nobody does. */
  #startProof(blob: Blob, key: string): void {
    const proof = this.#whenFree(() => this.#prove(blob, key)).then(
      () => undefined,
      (error: unknown) => toGroveError(error),
    );
    this.#proofs.set(key, proof);
    void proof.then(() =>
      this.#options.clock.after(OUTCOME_KEPT_MS, () => {
        if (this.#proofs.get(key) === proof) this.#proofs.delete(key);
      }),
    );
  }

  async #prove(blob: Blob, key: string): Promise<void> {
    const { bucket } = this.#options;
    const staged = await bucket.head(key);
    const bytes = staged === undefined ? undefined : await bucket.get(key);
    // Another coordinator was faster, or what was there is gone: the next question finds the blob, or begins again.
    if (staged === undefined || bytes === undefined) return this.#assertStored(blob);
    const actual = await digest(bytes);
    const problem = problemOf(blob, actual);
    if (problem !== undefined) {
      await bucket.remove(key);
      throw problem;
    }
    // Only the object that was hashed: not one that replaced it meanwhile.
    const copied = await bucket.copy(staged, blobKey(blob.sha256));
    if (copied === undefined) return this.#assertStored(blob);
    await bucket.remove(key);
  }

  async #assertStored({ sha256 }: Blob): Promise<void> {
    if ((await this.#options.bucket.head(blobKey(sha256))) !== undefined) return;
    throw new GroveError('transfer-failed', { what: `blob ${sha256}`, problem: 'what was sent is no longer there' });
  }

  async #whenFree<T>(work: () => Promise<T>): Promise<T> {
    if (this.#proving < PROVEN_AT_ONCE) this.#proving += 1;
    else await new Promise<void>((resolve) => void this.#queue.push(resolve));
    try {
      return await work();
    } finally {
      const next = this.#queue.shift();
      // The place goes to whoever waits longest.
      if (next === undefined) this.#proving -= 1;
      else next();
    }
  }
}

function uploadKey(stagingKey: string): string {
  return UPLOADS + stagingKey.slice(STAGING.length);
}

function stagingKey({ sha256, sizeBytes }: Blob): string {
  return `${STAGING}${sha256}-${sizeBytes}`;
}

interface MissingPart {
  readonly number: number;
  readonly firstByte: number;
  readonly sizeBytes: number;
}

/** Those that did not arrive, or not with their length. */
function missingParts({ sizeBytes }: Blob, partBytes: number, arrived: readonly S3Part[]): readonly MissingPart[] {
  const sizes = new Map(arrived.map((part) => [part.number, part.sizeBytes]));
  const parts = Array.from({ length: Math.ceil(sizeBytes / partBytes) }, (_, index) => {
    const firstByte = index * partBytes;
    return { number: index + 1, firstByte, sizeBytes: Math.min(partBytes, sizeBytes - firstByte) };
  });
  return parts.filter((part) => sizes.get(part.number) !== part.sizeBytes);
}

async function digest(bytes: Readable): Promise<Blob> {
  const hash = createHash('sha256');
  let sizeBytes = 0;
  for await (const chunk of bytes as AsyncIterable<Buffer>) {
    hash.update(chunk);
    sizeBytes += chunk.byteLength;
  }
  return { sha256: hash.digest('hex'), sizeBytes };
}

function problemOf(blob: Blob, actual: Blob): GroveError | undefined {
  if (actual.sizeBytes !== blob.sizeBytes)
    return new GroveError('size-mismatch', { what: 'The blob', actual: actual.sizeBytes, expected: blob.sizeBytes });
  if (actual.sha256 !== blob.sha256)
    return new GroveError('digest-mismatch', { what: 'The blob', actual: actual.sha256, expected: blob.sha256 });
  return undefined;
}
