import { MAX_LOG_BYTES, MAX_LOG_CHUNK_CHARS } from '../../domain/constants.ts';
import type { Clock, Timer } from '../../domain/ports.ts';
import type { LogChunk } from '../../domain/protocol.ts';
import type { LeaseRef } from '../../domain/task.ts';

/** Lines wait this long so that a burst travels as one message. */
const FLUSH_MS = 200;
/** Chunks kept for a resend: what a connection may have taken with it. Sequence numbers let the coordinator store each once. */
const KEPT_CHUNKS = 16;

export interface TaskLogOptions {
  readonly lease: LeaseRef;
  readonly clock: Clock;
  send(chunk: LogChunk): void;
}

/** The log of one attempt as numbered chunks of bounded size; past {@link MAX_LOG_BYTES} lines are counted, not kept. */
export class TaskLog {
  readonly #options: TaskLogOptions;
  readonly #recent: LogChunk[] = [];
  #buffer = '';
  #sequence = 0;
  #sentChars = 0;
  #droppedLines = 0;
  #timer: Timer | undefined;

  constructor(options: TaskLogOptions) {
    this.#options = options;
  }

  line(line: string): void {
    if (this.#sentChars + this.#buffer.length + line.length > MAX_LOG_BYTES) {
      this.#droppedLines++;
      return;
    }
    this.#buffer += `${line}\n`;
    while (this.#buffer.length >= MAX_LOG_CHUNK_CHARS) this.#sendChunk(MAX_LOG_CHUNK_CHARS);
    this.#timer ??= this.#options.clock.after(FLUSH_MS, () => this.flush());
  }

  /** Sends what waits. */
  flush(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    if (this.#buffer !== '') this.#sendChunk(this.#buffer.length);
  }

  /** Ends the log, saying what it left out. */
  close(): void {
    if (this.#droppedLines > 0) this.#buffer += `... ${this.#droppedLines} more lines not kept\n`;
    this.flush();
  }

  resend(): void {
    for (const chunk of this.#recent) this.#options.send(chunk);
  }

  #sendChunk(chars: number): void {
    const chunk: LogChunk = {
      type: 'logChunk',
      lease: this.#options.lease,
      sequence: this.#sequence++,
      text: this.#buffer.slice(0, chars),
    };
    this.#buffer = this.#buffer.slice(chars);
    this.#sentChars += chars;
    this.#recent.push(chunk);
    if (this.#recent.length > KEPT_CHUNKS) this.#recent.shift();
    this.#options.send(chunk);
  }
}
