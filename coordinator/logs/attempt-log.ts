import { type FileHandle, mkdir, open, readFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { MAX_LOG_BYTES } from '../../domain/constants.ts';
import type { LogPiece } from './task-logs.ts';

/**
 * The log file of one attempt while it is written. Beside the text lies a file of sequence numbers, so that chunks resent after a coordinator restart
 * are recognised. At {@link MAX_LOG_BYTES} the text stops; what follows is only counted.
 */
export class AttemptLog {
  readonly #text: FileHandle;
  readonly #sequences: FileHandle;
  #sizeBytes: number;
  #lastSequence: number;
  #droppedBytes = 0;

  private constructor(files: { text: FileHandle; sequences: FileHandle }, start: { sizeBytes: number; lastSequence: number }) {
    this.#text = files.text;
    this.#sequences = files.sequences;
    this.#sizeBytes = start.sizeBytes;
    this.#lastSequence = start.lastSequence;
  }

  /** Opens for appending; the folder is created when missing. */
  static async open(path: string): Promise<AttemptLog> {
    await mkdir(dirname(path), { recursive: true });
    const sequencePath = `${path}.sequence`;
    const lastSequence = await readLastSequence(sequencePath);
    const text = await open(path, 'a');
    const { size } = await text.stat();
    return new AttemptLog({ text, sequences: await open(sequencePath, 'a') }, { sizeBytes: size, lastSequence });
  }

  /** Returns whether the chunk was new. Calls must not overlap. */
  async append({ sequence, text }: LogPiece): Promise<boolean> {
    if (sequence <= this.#lastSequence) return false;
    this.#lastSequence = sequence;
    const bytes = Buffer.from(text);
    const room = MAX_LOG_BYTES - this.#sizeBytes;
    this.#droppedBytes += Math.max(0, bytes.length - room);
    const kept = bytes.subarray(0, Math.max(0, room));
    this.#sizeBytes += kept.length;
    await this.#text.appendFile(kept);
    await this.#sequences.appendFile(`${sequence}\n`);
    return true;
  }

  /** Says how much is missing, and closes. */
  async close(): Promise<void> {
    if (this.#droppedBytes > 0) await this.#text.appendFile(`\n[${this.#droppedBytes} bytes left out: a log keeps ${MAX_LOG_BYTES}]\n`);
    await this.#text.close();
    await this.#sequences.close();
  }
}

/** -1 before the first. A number cut off by a crash is not counted: its chunk may be stored twice, never lost. */
async function readLastSequence(path: string): Promise<number> {
  const text = await readFile(path, 'utf8').catch((error: unknown) => {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return '';
    throw error;
  });
  const complete = text.slice(0, text.lastIndexOf('\n') + 1).trimEnd();
  const last = complete.slice(complete.lastIndexOf('\n') + 1);
  return last === '' ? -1 : Number(last);
}
