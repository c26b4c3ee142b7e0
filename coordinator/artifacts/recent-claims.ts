import type { EpochMs } from '../../domain/ports.ts';
import type { ArtifactStore } from './artifact-store.ts';

/** A claim holds for hours; so short, because a person may delete files by hand. */
const REMEMBERED_MS = 5_000;
/** Blobs remembered; at the limit all are forgotten. */
const MAX_BLOBS = 10_000;

type Claimed = NonNullable<Awaited<ReturnType<ArtifactStore['claim']>>>;

/** Claims blobs once in a few seconds: farms submit the same few models again and again, and every claim is a look at the disk or a request. */
export function createRecentClaims(artifacts: Pick<ArtifactStore, 'claim'>): Pick<ArtifactStore, 'claim'> {
  const claimed = new Map<string, { readonly at: EpochMs; readonly blob: Claimed }>();
  return {
    async claim(sha256, now) {
      const known = claimed.get(sha256);
      if (known !== undefined && now - known.at < REMEMBERED_MS && now >= known.at) return known.blob;
      const blob = await artifacts.claim(sha256, now);
      if (claimed.size >= MAX_BLOBS) claimed.clear();
      if (blob === undefined) claimed.delete(sha256);
      else claimed.set(sha256, { at: now, blob });
      return blob;
    },
  };
}
