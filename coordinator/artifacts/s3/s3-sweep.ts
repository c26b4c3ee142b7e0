import { randomBytes } from 'node:crypto';
import { json } from 'node:stream/consumers';
import { z } from 'zod';
import { GroveError } from '../../../domain/errors.ts';
import type { Clock, EpochMs } from '../../../domain/ports.ts';
import type { StoredBlob, Sweepable } from '../gc/sweepable.ts';
import { BLOBS, blobKey, CLAIMS, CONDEMNED, claimKey, PROBES, STAGING, UPLOADS } from './keys.ts';
import type { S3Bucket, S3Object } from './s3-bucket.ts';

/** A list of condemned blobs older than this is what a coordinator left that died while it removed. */
const CONDEMNED_MS = 10 * 60_000;
/**
 * A remover stops after this: its list must be in force for whatever it still removes. The rest of the list's life covers a call that hangs and clocks that
 * differ.
 */
const REMOVING_MS = CONDEMNED_MS / 5;
/** Whoever claims is told to try again after this. */
const CLAIM_PATIENCE_MS = 8_000;
/** Between looks at whether a removal is over. */
const LOOK_AGAIN_MS = 200;

const condemnedSchema = z.array(z.string());

/**
 * Garbage collection of a bucket, and the claims it respects. Two objects make it safe without a lock, as both sides write before they read: whoever claims
 * writes `claims/<digest>` and then looks whether the blob is condemned; whoever removes writes the list of condemned blobs and then looks for claims.
 */
export class S3Sweep implements Sweepable {
  readonly #bucket: S3Bucket;
  readonly #clock: Clock;

  constructor(bucket: S3Bucket, clock: Clock) {
    this.#bucket = bucket;
    this.#clock = clock;
  }

  async *blobs(): AsyncGenerator<StoredBlob> {
    for await (const { key, sizeBytes, modifiedAt } of this.#bucket.list(BLOBS)) {
      const sha256 = key.slice(BLOBS.length).replace('/', '');
      if (/^[0-9a-f]{64}$/.test(sha256)) yield { sha256, sizeBytes, storedAt: modifiedAt };
    }
  }

  /** After this no removal that has begun takes the blob; it may be gone. */
  async claim(sha256: string): Promise<void> {
    await this.#bucket.put(claimKey(sha256), Buffer.alloc(0), {});
    await this.untilNotCondemned(sha256);
  }

  /**
   * Resolves when no list of blobs to remove names this one, with whether one did. Throws `artifact-store-unavailable` when that takes long: a list may
   * be what a coordinator left that died.
   */
  async untilNotCondemned(sha256: string): Promise<boolean> {
    let was = false;
    const giveUpMs = this.#clock.monotonicMs() + CLAIM_PATIENCE_MS;
    while (await this.#isCondemned(sha256)) {
      was = true;
      if (this.#clock.monotonicMs() > giveUpMs)
        throw new GroveError('artifact-store-unavailable', {
          doing: `claim ${sha256}`,
          problem: 'garbage collection is about to remove it',
        });
      await new Promise<void>((resolve) => void this.#clock.after(LOOK_AGAIN_MS, resolve));
    }
    return was;
  }

  /** The first of these blobs that nobody claims; those that took too long to get to stay. */
  async removeUnclaimed(blobs: readonly StoredBlob[], before: EpochMs): Promise<readonly StoredBlob[]> {
    const stopMs = this.#clock.monotonicMs() + REMOVING_MS;
    const key = `${CONDEMNED}${randomBytes(8).toString('hex')}`;
    await this.#bucket.put(key, Buffer.from(JSON.stringify(blobs.map(({ sha256 }) => sha256))), {});
    try {
      const others = (await this.#condemned()).filter((one) => one.key !== key);
      if (others.length > 0)
        throw new GroveError('already-running', { process: 'garbage collection', where: 'this artifact store', pid: 0 });
      const removed: StoredBlob[] = [];
      for (const blob of blobs) if (await this.#removeUnclaimed(blob, { before, stopMs })) removed.push(blob);
      return removed;
    } finally {
      await this.#bucket.remove(key);
    }
  }

  async dropUnfinished(before: EpochMs): Promise<number> {
    const dropped = await this.#dropUploads(before);
    const staged = await this.#removeOlder(STAGING, before);
    for (const prefix of [PROBES, CLAIMS, CONDEMNED]) await this.#removeOlder(prefix, before);
    return dropped + staged;
  }

  async #dropUploads(before: EpochMs): Promise<number> {
    let dropped = 0;
    for await (const { key, modifiedAt } of this.#bucket.list(UPLOADS)) {
      if (modifiedAt >= before) continue;
      const staged = STAGING + key.slice(UPLOADS.length);
      const uploadId = await this.#bucket.findUpload(staged);
      if (uploadId !== undefined) {
        await this.#bucket.dropUpload(staged, uploadId);
        dropped += 1;
      }
      await this.#bucket.remove(key);
    }
    return dropped;
  }

  async #removeOlder(prefix: string, before: EpochMs): Promise<number> {
    let removed = 0;
    for await (const { key, modifiedAt } of this.#bucket.list(prefix)) {
      if (modifiedAt >= before) continue;
      await this.#bucket.remove(key);
      removed += 1;
    }
    return removed;
  }

  async #removeUnclaimed(
    { sha256 }: StoredBlob,
    { before, stopMs }: { readonly before: EpochMs; readonly stopMs: number },
  ): Promise<boolean> {
    const claim = await this.#bucket.head(claimKey(sha256));
    if (claim !== undefined && claim.modifiedAt >= before) return false;
    const stored = await this.#bucket.head(blobKey(sha256));
    if (stored === undefined || stored.modifiedAt >= before || this.#clock.monotonicMs() > stopMs) return false;
    await this.#bucket.remove(blobKey(sha256));
    return true;
  }

  async #isCondemned(sha256: string): Promise<boolean> {
    for (const { key } of await this.#condemned()) {
      const list = await this.#bucket.get(key);
      if (list !== undefined && condemnedSchema.parse(await json(list)).includes(sha256)) return true;
    }
    return false;
  }

  async #condemned(): Promise<readonly S3Object[]> {
    const lists: S3Object[] = [];
    for await (const object of this.#bucket.list(CONDEMNED)) lists.push(object);
    return lists.filter(({ modifiedAt }) => modifiedAt > this.#clock.now() - CONDEMNED_MS);
  }
}
