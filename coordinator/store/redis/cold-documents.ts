import { createHash } from 'node:crypto';
import { buffer } from 'node:stream/consumers';
import { z } from 'zod';
import { GroveError } from '../../../domain/errors.ts';
import type { JobId } from '../../../domain/names.ts';
import type { EpochMs } from '../../../domain/ports.ts';
import type { ArtifactStore } from '../../artifacts/artifact-store.ts';
import { listOf, numberOf, type Reply, type StoreFunctions, textOf } from './functions.ts';

/** Where documents of jobs go that ended long ago. */
export type DocumentArchive = Pick<ArtifactStore, 'put' | 'open'>;

/** In place of a document: the blob that holds it and its name there. No JSON document begins so. */
const REFERENCE = /^@([0-9a-f]{64})\/(.+)$/s;
const AT_SIGN = 0x40;

/** Texts of archived documents kept in this process: those of a matrix are asked for again and again. */
const MAX_CACHED_CHARS = 64 * 1_048_576;
/** Tasks whose documents go into one blob. */
const TASKS_PER_BLOB = 200;
/** Jobs archived in one go. */
const JOBS_PER_RUN = 100;

const blobSchema = z.record(z.string(), z.string());

interface Blob {
  readonly texts: Promise<ReadonlyMap<string, string>>;
  chars: number;
}

/**
 * Keeps Redis small: specs, requirements and results of jobs that ended long ago lie in the artifact store, and Redis keeps a reference. What is decided
 * on (states, counts, attempts, order) stays in Redis for ever, a few hundred bytes a task; so do conversions, whose results later jobs take.
 */
export class ColdDocuments {
  readonly #functions: StoreFunctions;
  readonly #archive: DocumentArchive | undefined;
  /** Oldest use first. */
  readonly #cache = new Map<string, Blob>();
  #cachedChars = 0;

  constructor(functions: StoreFunctions, archive: DocumentArchive | undefined) {
    this.#functions = functions;
    this.#archive = archive;
  }

  /** Moves the documents of jobs that ended before. Returns how many jobs it has gone through; there may be more. */
  async archiveEnded(before: EpochMs): Promise<number> {
    const archive = this.#required();
    const jobIds = listOf(await this.#functions.ask('ended_jobs', { before, limit: JOBS_PER_RUN })).map(textOf);
    for (const jobId of jobIds) await this.#archiveJob(archive, jobId);
    return jobIds.length;
  }

  /** A reply with the documents themselves in place of references. */
  async thaw(reply: Reply): Promise<Reply> {
    if (Buffer.isBuffer(reply)) return reply[0] === AT_SIGN ? this.#resolve(reply) : reply;
    if (typeof reply === 'number' || !isFrozen(reply)) return reply;
    return Promise.all(reply.map((part) => this.thaw(part)));
  }

  async #archiveJob(archive: DocumentArchive, jobId: JobId): Promise<void> {
    for (let from = 0; ; from += TASKS_PER_BLOB) {
      const range = { jobId, from, to: from + TASKS_PER_BLOB - 1 };
      const [count, found] = listOf(await this.#functions.ask('documents', range));
      const documents = listOf(found).map(documentOf);
      const last = numberOf(count) < TASKS_PER_BLOB;
      await this.#functions.run({ name: 'archive', now: 0, call: { jobId, last, ...(await moved(archive, documents)) } });
      if (last) return;
    }
  }

  async #resolve(reply: Buffer): Promise<Reply> {
    const [, digest, name] = REFERENCE.exec(reply.toString('utf8')) ?? [];
    if (digest === undefined || name === undefined) return reply;
    const text = (await this.#blob(digest)).get(name);
    if (text === undefined) throw new GroveError('store-failed', { problem: `archived document ${name} is not in its blob ${digest}` });
    return Buffer.from(text);
  }

  #blob(digest: string): Promise<ReadonlyMap<string, string>> {
    const known = this.#cache.get(digest);
    this.#cache.delete(digest);
    const blob = known ?? { texts: this.#read(digest), chars: 0 };
    this.#cache.set(digest, blob);
    return blob.texts;
  }

  async #read(digest: string): Promise<ReadonlyMap<string, string>> {
    try {
      const bytes = await buffer(await this.#required().open(digest));
      this.#keep(digest, bytes.length);
      return new Map(Object.entries(blobSchema.parse(JSON.parse(bytes.toString('utf8')))));
    } catch (error) {
      this.#cache.delete(digest);
      throw error;
    }
  }

  #keep(digest: string, chars: number): void {
    const blob = this.#cache.get(digest);
    // Forgotten while it was read: nothing would ever take its size off again.
    if (blob === undefined) return;
    blob.chars = chars;
    this.#cachedChars += chars;
    for (const [oldest, { chars: freed }] of this.#cache) {
      if (this.#cachedChars <= MAX_CACHED_CHARS || oldest === digest) break;
      if (freed === 0) continue;
      this.#cache.delete(oldest);
      this.#cachedChars -= freed;
    }
  }

  #required(): DocumentArchive {
    if (this.#archive !== undefined) return this.#archive;
    throw new GroveError('store-failed', { problem: 'documents of old jobs lie in an artifact store, and none is configured' });
  }
}

function isFrozen(parts: readonly Reply[]): boolean {
  return parts.some((part) => (Buffer.isBuffer(part) ? part[0] === AT_SIGN : typeof part !== 'number'));
}

interface Document {
  readonly kind: string;
  readonly id: string;
  readonly field: string;
  readonly text: string;
}

function documentOf(reply: Reply): Document {
  const [kind, id, field, text] = listOf(reply);
  return { kind: textOf(kind), id: textOf(id), field: textOf(field), text: textOf(text) };
}

/** Stores documents in one blob. Redis replaces each only if it is still the text whose digest is given. */
async function moved(archive: DocumentArchive, documents: readonly Document[]) {
  if (documents.length === 0) return { documents: [] };
  const nameOf = ({ kind, id, field }: Document) => `${kind}:${id}:${field}`;
  const blob = Object.fromEntries(documents.map((document) => [nameOf(document), document.text]));
  const { sha256 } = await archive.put(Buffer.from(JSON.stringify(blob)));
  const references = documents.map((document) => {
    const sha1 = createHash('sha1').update(document.text).digest('hex');
    return [document.kind, document.id, document.field, sha1, `@${sha256}/${nameOf(document)}`];
  });
  return { blob: sha256, documents: references };
}
