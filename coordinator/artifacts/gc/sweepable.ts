import type { Blob } from '../../../domain/manifest.ts';
import type { EpochMs } from '../../../domain/ports.ts';

/** What is not reachable is kept this long after it was stored or claimed: whoever uploads names it within that time. */
export const GRACE_MS = 24 * 3_600_000;
/** A claim on something younger than this needs no mark of its own. */
export const CLAIM_AGAIN_MS = GRACE_MS / 2;

/** A blob and when it was stored. */
export interface StoredBlob extends Blob {
  readonly storedAt: EpochMs;
}

/** The part of an artifact store that only garbage collection uses. */
export interface Sweepable {
  /** Every stored blob, a page at a time. */
  blobs(): AsyncIterable<StoredBlob>;
  /**
   * Removes those that were neither stored nor claimed since `before`, and answers which. A blob claimed while this runs is either kept, or its claim
   * answers that it is gone. Throws `already-running` when another coordinator removes at the same time.
   */
  removeUnclaimed(blobs: readonly StoredBlob[], before: EpochMs): Promise<readonly StoredBlob[]>;
  /** Drops uploads begun before that time and never finished; answers how many. */
  dropUnfinished(before: EpochMs): Promise<number>;
}
