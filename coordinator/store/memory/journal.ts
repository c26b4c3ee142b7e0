import { GroveError } from '../../../domain/errors.ts';
import type { AppendFile, Files } from '../../../domain/ports.ts';
import type { Call, CommandName } from './execute.ts';
import { encodeFrame } from './frame.ts';
import { SCHEMA_VERSION, segmentPath } from './journal-files.ts';
import { outcomeText } from './outcome-text.ts';

/** A command in the journal; replaying it after all earlier ones gives the state after it. */
export interface JournalRecord {
  readonly sequence: number;
  readonly call: Call<CommandName>;
}

/** First record of every segment. */
export interface SegmentHeader {
  readonly format: 'grove-journal';
  readonly schemaVersion: typeof SCHEMA_VERSION;
  readonly firstSequence: number;
}

export interface AppendOptions {
  /** Written in its turn but not waited for and not synced on its own account. */
  readonly lazy: boolean;
  /** Of a lazy record: not even written on its own account. At most {@link MAX_UNWRITTEN} wait for company, however long, and are lost with the process. */
  readonly patient?: boolean;
}

/** A write of its own would cost an idle agent's heartbeat more than everything else that is done for it. */
const MAX_UNWRITTEN = 100;

/**
 * Writes commands in order: append, sync, then acknowledge. Everything that arrives while a sync is under way shares the next one. After the first
 * failure nothing is acknowledged any more.
 */
export interface Journal {
  /** Resolves when the record is on stable storage; at once when it is lazy. Throws `store-failed`. */
  append(record: JournalRecord, options: AppendOptions): Promise<void>;
  /** Resolves when every record appended so far that is not lazy is on stable storage. */
  settled(): Promise<void>;
  /** Puts later records into a new segment. Resolves when the old one is complete on stable storage. */
  rotate(nextSequence: number): Promise<void>;
  /** Size of the segment in use, with what waits to be written. */
  readonly segmentBytes: number;
  close(): Promise<void>;
}

export interface JournalOptions {
  readonly files: Files;
  readonly folder: string;
  /** The segment to go on with. */
  readonly segment: { readonly firstSequence: number; readonly sizeBytes: number };
  /** Called once, before the first command is refused. */
  onFailure(error: GroveError): void;
}

/** The record as JSON. */
function recordText({ sequence, call }: JournalRecord): string {
  if (!isComplete(call)) return JSON.stringify({ sequence, call });
  const { outcome, ...rest } = call.command;
  const command = `${JSON.stringify(rest).slice(0, -1)},"outcome":${outcomeText(outcome)}}`;
  return `{"sequence":${sequence},"call":{"name":"complete","command":${command}}}`;
}

function isComplete(call: Call<CommandName>): call is Call<'complete'> {
  return call.name === 'complete';
}

export async function openJournal(options: JournalOptions): Promise<Journal> {
  const { files, folder, segment } = options;
  const file = await openSegment(files, folder, segment);
  return new GroupCommitJournal(options, file);
}

async function openSegment(files: Files, folder: string, { firstSequence, sizeBytes }: JournalOptions['segment']): Promise<AppendFile> {
  const file = await files.openAppend(segmentPath(folder, firstSequence), sizeBytes);
  if (sizeBytes > 0) return file;
  const header: SegmentHeader = { format: 'grove-journal', schemaVersion: SCHEMA_VERSION, firstSequence };
  await file.append(encodeFrame(JSON.stringify(header)));
  await file.sync();
  return file;
}

type Job =
  | { readonly kind: 'record'; readonly bytes: Buffer; readonly lazy: boolean; readonly settle: Settle }
  /** Is answered in its turn; writes nothing. */
  | { readonly kind: 'barrier'; readonly settle: Settle }
  | { readonly kind: 'rotate'; readonly nextSequence: number; readonly settle: Settle };

interface Settle {
  resolve(): void;
  reject(error: Error): void;
}

/** Nobody waits for a lazy record; a failure reaches everyone through the next command. */
const UNHEARD: Settle = { resolve: () => {}, reject: () => {} };

class GroupCommitJournal implements Journal {
  readonly #options: JournalOptions;
  #file: AppendFile;
  #queue: Job[] = [];
  #writing: Promise<void> | undefined;
  /** Lazy records appended since the last write began. */
  #unwritten = 0;
  #failure: GroveError | undefined;
  segmentBytes: number;

  constructor(options: JournalOptions, file: AppendFile) {
    this.#options = options;
    this.#file = file;
    this.segmentBytes = options.segment.sizeBytes;
  }

  append(record: JournalRecord, { lazy, patient = false }: AppendOptions): Promise<void> {
    const bytes = encodeFrame(recordText(record));
    this.segmentBytes += bytes.length;
    if (!lazy) return this.#enqueue((settle) => ({ kind: 'record', bytes, lazy, settle }));
    if (this.#failure !== undefined) return Promise.resolve();
    this.#queue.push({ kind: 'record', bytes, lazy, settle: UNHEARD });
    this.#unwritten += 1;
    if (!patient || this.#unwritten >= MAX_UNWRITTEN) this.#write();
    return Promise.resolve();
  }

  settled(): Promise<void> {
    if (this.#writing === undefined && this.#failure === undefined) return Promise.resolve();
    return this.#enqueue((settle) => ({ kind: 'barrier', settle }));
  }

  rotate(nextSequence: number): Promise<void> {
    this.segmentBytes = 0;
    return this.#enqueue((settle) => ({ kind: 'rotate', nextSequence, settle }));
  }

  async close(): Promise<void> {
    if (this.#queue.length > 0) this.#write();
    while (this.#writing !== undefined) await this.#writing;
    // Lazy records may not have been synced yet.
    if (this.#failure === undefined) await this.#file.sync();
    await this.#file.close();
  }

  #enqueue(make: (settle: Settle) => Job): Promise<void> {
    if (this.#failure !== undefined) return Promise.reject(this.#failure);
    return new Promise((resolve, reject) => {
      this.#queue.push(make({ resolve, reject }));
      this.#write();
    });
  }

  #write(): void {
    this.#writing ??= this.#writeAll();
  }

  async #writeAll(): Promise<void> {
    // Commands of the same turn share the first sync too.
    await Promise.resolve();
    try {
      while (this.#queue.length > 0) await this.#writeNext();
    } catch (error) {
      this.#fail(error);
    } finally {
      this.#writing = undefined;
    }
  }

  async #writeNext(): Promise<void> {
    const [first] = this.#queue;
    if (first?.kind === 'rotate') await this.#switchSegment(first);
    else await this.#writeBatch(this.#nextBatch());
  }

  #nextBatch(): readonly Job[] {
    this.#unwritten = 0;
    const end = this.#queue.findIndex((job) => job.kind === 'rotate');
    return this.#queue.slice(0, end === -1 ? this.#queue.length : end);
  }

  async #writeBatch(batch: readonly Job[]): Promise<void> {
    const records = batch.flatMap((job) => (job.kind === 'record' ? [job] : []));
    if (records.length > 0) await this.#file.append(Buffer.concat(records.map(({ bytes }) => bytes)));
    if (records.some(({ lazy }) => !lazy)) await this.#file.sync();
    this.#done(batch);
  }

  async #switchSegment(job: Job & { readonly kind: 'rotate' }): Promise<void> {
    const { files, folder } = this.#options;
    await this.#file.sync();
    await this.#file.close();
    this.#file = await openSegment(files, folder, { firstSequence: job.nextSequence, sizeBytes: 0 });
    this.#done([job]);
  }

  /** Jobs leave the queue only when they are done, so that a failure reaches those in hand as well. */
  #done(jobs: readonly Job[]): void {
    this.#queue.splice(0, jobs.length);
    for (const { settle } of jobs) settle.resolve();
  }

  #fail(cause: unknown): void {
    const problem = cause instanceof Error ? cause.message : String(cause);
    this.#failure = new GroveError('store-failed', { problem }, { cause });
    this.#options.onFailure(this.#failure);
    const waiting = this.#queue;
    this.#queue = [];
    for (const { settle } of waiting) settle.reject(this.#failure);
  }
}
