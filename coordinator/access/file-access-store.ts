import { join } from 'node:path';
import { z } from 'zod';
import { type AuditEntry, auditEntrySchema } from '../../domain/audit.ts';
import { GroveError } from '../../domain/errors.ts';
import type { Files } from '../../domain/ports.ts';
import type { AccessStore, Change, DocumentKind } from './access-store.ts';

const DOCUMENTS = 'access.json';
const AUDIT = 'audit.jsonl';
const EARLIER_AUDIT = 'audit.1.jsonl';
/** A record of changes this long is put aside; the one put aside before is dropped. */
const MAX_AUDIT_BYTES = 32 * 1024 * 1024;

const documentsSchema = z.strictObject({ schemaVersion: z.literal(1), documents: z.record(z.string(), z.string()) });

/** In two files of a coordinator's folder that only its owner may read: documents, replaced whole with every change, and the record of changes. */
export class FileAccessStore implements AccessStore {
  readonly #files: Files;
  readonly #folder: string;
  #documents: ReadonlyMap<string, string>;
  /** Changes follow one another, so that none is lost between reading and writing. */
  #lastWrite: Promise<unknown> = Promise.resolve();
  #auditBytes: number;

  private constructor(files: Files, folder: string, state: { documents: ReadonlyMap<string, string>; auditBytes: number }) {
    this.#files = files;
    this.#folder = folder;
    this.#documents = state.documents;
    this.#auditBytes = state.auditBytes;
  }

  /** Throws `invalid-config` for a file that holds no documents. */
  static async open(folder: string, files: Files): Promise<FileAccessStore> {
    await files.makeFolder(folder);
    const path = join(folder, DOCUMENTS);
    const bytes = await files.read(path);
    const documents = new Map(bytes === undefined ? [] : parse(path, bytes));
    const auditBytes = (await files.read(join(folder, AUDIT)))?.byteLength ?? 0;
    return new FileAccessStore(files, folder, { documents, auditBytes });
  }

  async read(kind: DocumentKind, id: string): Promise<string | undefined> {
    return this.#documents.get(keyOf(kind, id));
  }

  async list(kind: DocumentKind): Promise<readonly string[]> {
    return [...this.#documents]
      .filter(([key]) => key.startsWith(`${kind}:`))
      .sort(byKey)
      .map(([, text]) => text);
  }

  swap(kind: DocumentKind, id: string, { before, after }: Change): Promise<boolean> {
    return this.#inTurn(async () => {
      const key = keyOf(kind, id);
      if (this.#documents.get(key) !== before) return false;
      const documents = new Map(this.#documents);
      if (after === undefined) documents.delete(key);
      else documents.set(key, after);
      const text = JSON.stringify({ schemaVersion: 1, documents: Object.fromEntries(documents) });
      await this.#files.writeAtomic(join(this.#folder, DOCUMENTS), Buffer.from(text));
      this.#documents = documents;
      return true;
    });
  }

  audit(entry: AuditEntry): Promise<void> {
    return this.#inTurn(async () => {
      const line = Buffer.from(`${JSON.stringify(entry)}\n`);
      if (this.#auditBytes + line.byteLength > MAX_AUDIT_BYTES) await this.#putAside();
      const file = await this.#files.openAppend(join(this.#folder, AUDIT));
      try {
        await file.append(line);
      } finally {
        await file.close();
      }
      this.#auditBytes += line.byteLength;
    });
  }

  audited(limit: number): Promise<readonly AuditEntry[]> {
    return this.#inTurn(async () => {
      const newest = await this.#entries(AUDIT);
      const entries = newest.length >= limit ? newest : [...(await this.#entries(EARLIER_AUDIT)), ...newest];
      return entries.slice(-limit).reverse();
    });
  }

  async #putAside(): Promise<void> {
    const bytes = (await this.#files.read(join(this.#folder, AUDIT))) ?? new Uint8Array();
    await this.#files.writeAtomic(join(this.#folder, EARLIER_AUDIT), bytes);
    await this.#files.remove(join(this.#folder, AUDIT));
    this.#auditBytes = 0;
  }

  /** A last line that a crash cut is left out. */
  async #entries(file: string): Promise<readonly AuditEntry[]> {
    const text = new TextDecoder().decode((await this.#files.read(join(this.#folder, file))) ?? new Uint8Array());
    return text.split('\n').flatMap((line) => entryOf(line) ?? []);
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const done = this.#lastWrite.then(work);
    this.#lastWrite = done.catch(() => {});
    return done;
  }
}

function keyOf(kind: DocumentKind, id: string): string {
  return `${kind}:${id}`;
}

function byKey([a]: readonly [string, string], [b]: readonly [string, string]): number {
  return a < b ? -1 : 1;
}

function entryOf(line: string): AuditEntry | undefined {
  try {
    return auditEntrySchema.safeParse(JSON.parse(line)).data;
  } catch {
    return undefined;
  }
}

function parse(path: string, bytes: Uint8Array): readonly (readonly [string, string])[] {
  try {
    return Object.entries(documentsSchema.parse(JSON.parse(new TextDecoder().decode(bytes))).documents);
  } catch (cause) {
    throw new GroveError('invalid-config', { where: path, problem: 'it does not hold who may do what' }, { cause });
  }
}
