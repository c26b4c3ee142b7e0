import type { Readable } from 'node:stream';
import type { Blob } from '../../domain/manifest.ts';
import type { EpochMs } from '../../domain/ports.ts';
import type { Grant } from '../../domain/protocol.ts';

/**
 * Content-addressed blobs. Agents and the CLI move bytes over short-lived URLs bound to one digest and size; the store verifies both before a blob
 * becomes visible, so whatever `head` reports is complete and right.
 */
export interface ArtifactStore {
  /** A URL that accepts exactly this blob, or `present` when it is stored already. */
  grantPut(blob: Blob, now: EpochMs): Promise<Grant>;
  /** A URL that serves exactly this blob. Throws `not-found` when it is not stored. */
  grantGet(blob: Blob, now: EpochMs): Promise<Grant>;
  /** Size of a stored blob, or undefined. */
  head(sha256: string): Promise<{ readonly sizeBytes: number } | undefined>;
  /** As {@link head}, for somebody who is about to name the blob in a job or a result: garbage collection leaves it for a day. */
  claim(sha256: string, now: EpochMs): Promise<{ readonly sizeBytes: number } | undefined>;
  /** Content of a stored blob, or one range of it, for the coordinator itself. Throws `not-found`. */
  open(sha256: string, range?: ByteRange): Promise<Readable>;
  /** Stores bytes the coordinator itself made. */
  put(bytes: Uint8Array): Promise<Blob>;
}

/** Where the document of a job lies. */
export interface ArchivedJobEntry {
  readonly jobId: string;
  readonly sha256: string;
}

/** Which blobs are documents of jobs: blobs have no names. What it names may be gone, when it was garbage for long enough. */
export interface JobIndex {
  /** Durable when it resolves; a repeat changes nothing. */
  add(entry: ArchivedJobEntry): Promise<void>;
  /** All, or those of one job, a page at a time. */
  entries(jobId?: string): AsyncIterable<ArchivedJobEntry>;
  remove(entry: ArchivedJobEntry): Promise<void>;
}

/** Bytes first to last, both included and both inside the blob. */
export interface ByteRange {
  readonly first: number;
  readonly last: number;
}
