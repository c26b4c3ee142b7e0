import { open } from 'node:fs/promises';
import { join } from 'node:path';
import type { TaskId } from '../../domain/names.ts';
import { AttemptLog } from './attempt-log.ts';
import { Followers } from './followers.ts';
import type { LogPiece, LogRange, TaskLogs } from './task-logs.ts';

const READ_CHUNK_BYTES = 65_536;

export interface FileTaskLogsDeps {
  /** One folder per task, one file per attempt. */
  readonly folder: string;
  /** Whether nothing will be appended any more: the attempt has ended or never was. */
  hasEnded(taskId: TaskId, attempt: number): Promise<boolean>;
  onError(taskId: TaskId, error: unknown): void;
}

/** Logs in files of one coordinator's folder, not flushed to stable storage. */
export class FileTaskLogs implements TaskLogs {
  readonly #deps: FileTaskLogsDeps;
  readonly #open = new Map<string, Promise<AttemptLog>>();
  /** Appends of one attempt run one after another. */
  readonly #tails = new Map<string, Promise<void>>();
  readonly #followers = new Followers();

  constructor(deps: FileTaskLogsDeps) {
    this.#deps = deps;
  }

  append(taskId: TaskId, attempt: number, piece: LogPiece): void {
    const path = this.#pathOf(taskId, attempt);
    this.#enqueue(path, taskId, async () => {
      const log = await this.#logAt(path);
      await log.append(piece);
      this.#followers.wake(path);
    });
  }

  end(taskId: TaskId, attempt: number): void {
    const path = this.#pathOf(taskId, attempt);
    this.#enqueue(path, taskId, async () => {
      const log = await this.#open.get(path);
      this.#open.delete(path);
      await log?.close();
      this.#followers.wake(path);
    });
  }

  async *read({ taskId, attempt, offsetBytes, follow, signal }: LogRange): AsyncIterable<Uint8Array> {
    const path = this.#pathOf(taskId, attempt);
    let position = offsetBytes;
    for (;;) {
      const woken = this.#followers.nextChange(path, signal);
      const ended = !follow || (await this.#deps.hasEnded(taskId, attempt));
      await this.#tails.get(path);
      for await (const bytes of readFrom(path, position)) {
        position += bytes.length;
        yield bytes;
      }
      if (ended || signal.aborted) return woken.cancel();
      await woken.changed;
      if (signal.aborted) return;
    }
  }

  async stop(): Promise<void> {
    await Promise.all(this.#tails.values());
    for (const log of this.#open.values()) await (await log).close();
    this.#open.clear();
    this.#followers.wakeAll();
  }

  #enqueue(path: string, taskId: TaskId, work: () => Promise<void>): void {
    const before = this.#tails.get(path) ?? Promise.resolve();
    const tail = before.then(work).catch((error: unknown) => this.#deps.onError(taskId, error));
    this.#tails.set(path, tail);
    void tail.then(() => this.#tails.get(path) === tail && this.#tails.delete(path));
  }

  #logAt(path: string): Promise<AttemptLog> {
    const existing = this.#open.get(path);
    if (existing !== undefined) return existing;
    const opened = AttemptLog.open(path);
    this.#open.set(path, opened);
    opened.catch(() => this.#open.delete(path));
    return opened;
  }

  /** Task ids may hold ":", which Windows refuses in file names. */
  #pathOf(taskId: TaskId, attempt: number): string {
    return join(this.#deps.folder, encodeURIComponent(taskId), `${attempt}.log`);
  }
}

async function* readFrom(path: string, position: number): AsyncIterable<Uint8Array> {
  const file = await open(path, 'r').catch((error: unknown) => {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw error;
  });
  if (file === undefined) return;
  try {
    for (let at = position; ; ) {
      const { bytesRead, buffer } = await file.read(Buffer.alloc(READ_CHUNK_BYTES), 0, READ_CHUNK_BYTES, at);
      if (bytesRead === 0) return;
      at += bytesRead;
      yield buffer.subarray(0, bytesRead);
    }
  } finally {
    await file.close();
  }
}
