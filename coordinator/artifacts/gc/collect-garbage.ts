import type { Readable } from 'node:stream';
import type { EpochMs } from '../../../domain/ports.ts';
import type { ArtifactStore } from '../artifact-store.ts';
import { MarkSet } from './mark-set.ts';
import { GRACE_MS, type StoredBlob, type Sweepable } from './sweepable.ts';

/** A job's document is far smaller; what is larger is not read. */
const MAX_DOCUMENT_BYTES = 4 * 1024 ** 2;
/** The documents of jobs that the task store lost keep what they name this long: time to notice and to derive the jobs again. */
const ARCHIVE_MS = 30 * 24 * 3_600_000;
const OPENING_BRACE = '{'.charCodeAt(0);
/** Blobs removed together. */
const BATCH = 50;

export interface CollectRequest {
  readonly artifacts: Pick<ArtifactStore, 'open'>;
  readonly sweep: Sweepable;
  /** Every document that names blobs and is still used: jobs, tasks, results, imports. */
  roots(): AsyncIterable<unknown>;
  readonly now: EpochMs;
  /** Any number; another one each time. */
  readonly salt: number;
  /** Count only. */
  readonly dryRun: boolean;
}

/** What a collection found and did. */
export interface GarbageReport {
  readonly documents: number;
  readonly blobs: number;
  readonly bytes: number;
  readonly garbageBlobs: number;
  readonly garbageBytes: number;
  readonly removedBlobs: number;
  readonly removedBytes: number;
  readonly droppedUploads: number;
}

/**
 * Removes blobs that nothing names. A document names every digest that occurs anywhere in it, whatever its schema: what a later version stores is kept
 * too. What was stored or claimed within the grace period stays, so uploads, grants and submits that happen meanwhile need no lock.
 */
export async function collectGarbage(request: CollectRequest): Promise<GarbageReport> {
  const { sweep, now, dryRun } = request;
  const before = now - GRACE_MS;
  const marks = new MarkSet(request.salt);
  const documents = (await markRoots(request, marks)) + (await markArchive(request, marks));
  const garbage = new Batches(dryRun ? async () => [] : (blobs) => sweep.removeUnclaimed(blobs, before));
  let [blobs, bytes] = [0, 0];
  for await (const blob of sweep.blobs()) {
    blobs += 1;
    bytes += blob.sizeBytes;
    if (isGarbage(blob, marks, before)) await garbage.add(blob);
  }
  await garbage.flush();
  const droppedUploads = dryRun ? 0 : await sweep.dropUnfinished(before);
  return { documents, blobs, bytes, ...garbage.totals, droppedUploads };
}

function isGarbage({ sha256, storedAt }: StoredBlob, marks: MarkSet, before: EpochMs): boolean {
  return storedAt < before && !marks.has(sha256);
}

async function markRoots({ roots }: CollectRequest, marks: MarkSet): Promise<number> {
  let documents = 0;
  for await (const document of roots()) {
    documents += 1;
    markNamed(JSON.stringify(document), marks);
  }
  return documents;
}

function markNamed(document: string, marks: MarkSet): void {
  for (const [sha256] of document.matchAll(/[0-9a-f]{64}/g)) marks.add(sha256);
}

/**
 * Archived documents of jobs, those included that the task store no longer knows. A mark does not spare one the reading: it may be a false one, and what
 * the document names would lose its time.
 */
async function markArchive({ artifacts, sweep, now }: CollectRequest, marks: MarkSet): Promise<number> {
  let documents = 0;
  for await (const blob of sweep.blobs()) {
    const isYoung = blob.storedAt >= now - GRACE_MS;
    if (isYoung || blob.storedAt < now - ARCHIVE_MS || blob.sizeBytes > MAX_DOCUMENT_BYTES) continue;
    const document = await documentIn(await artifacts.open(blob.sha256));
    if (document === undefined || !isJobDocument(document)) continue;
    documents += 1;
    marks.add(blob.sha256);
    markNamed(document, marks);
  }
  return documents;
}

/** The whole text of what begins like a document; most blobs are given up after their first bytes. */
async function documentIn(blob: Readable): Promise<string | undefined> {
  const chunks: Buffer[] = [];
  for await (const chunk of blob) {
    const bytes = Buffer.from(chunk);
    if (chunks.length === 0 && bytes[0] !== OPENING_BRACE) return undefined;
    chunks.push(bytes);
  }
  return Buffer.concat(chunks).toString('utf8');
}

function isJobDocument(document: string): boolean {
  try {
    const value: unknown = JSON.parse(document);
    return typeof value === 'object' && value !== null && 'kind' in value && value.kind === 'job' && 'jobId' in value;
  } catch {
    return false;
  }
}

/** Hands blobs on in batches and counts what became of them. */
class Batches {
  readonly #remove: (blobs: readonly StoredBlob[]) => Promise<readonly StoredBlob[]>;
  #batch: StoredBlob[] = [];
  #totals = { garbageBlobs: 0, garbageBytes: 0, removedBlobs: 0, removedBytes: 0 };

  constructor(remove: (blobs: readonly StoredBlob[]) => Promise<readonly StoredBlob[]>) {
    this.#remove = remove;
  }

  get totals(): Readonly<Record<'garbageBlobs' | 'garbageBytes' | 'removedBlobs' | 'removedBytes', number>> {
    return this.#totals;
  }

  async add(blob: StoredBlob): Promise<void> {
    this.#totals.garbageBlobs += 1;
    this.#totals.garbageBytes += blob.sizeBytes;
    this.#batch.push(blob);
    if (this.#batch.length >= BATCH) await this.flush();
  }

  async flush(): Promise<void> {
    const removed = this.#batch.length === 0 ? [] : await this.#remove(this.#batch);
    this.#totals.removedBlobs += removed.length;
    this.#totals.removedBytes += removed.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
    this.#batch = [];
  }
}
