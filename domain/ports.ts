/**
 * What the outside world offers, as small interfaces. The real ones live in `platform/`; tests inject a virtual clock, seeded randomness, failing
 * files and in-memory transports, so that a whole farm can run without waiting.
 */

/** Milliseconds since 1970-01-01 UTC. */
export type EpochMs = number;

export interface Timer {
  /** Does nothing when the timer has fired or was cancelled. */
  cancel(): void;
}

export interface Clock {
  /** Wall time that never runs backwards within a process: a monotonic clock plus an offset measured once. */
  now(): EpochMs;
  /** Monotonic milliseconds (fractional); only differences mean anything. */
  monotonicMs(): number;
  /** Calls `callback` once after `delayMs`. Does not keep the process alive on its own. */
  after(delayMs: number, callback: () => void): Timer;
}

export interface Random {
  /** `byteCount` cryptographically random bytes as lower-case hex: tokens, secrets. */
  token(byteCount: number): string;
  /** A UUID version 7: unique and sortable by creation time. */
  id(): string;
  /** Uniform in [0, 1): jitter only, never secrets. */
  float(): number;
}

/** A file opened for appending: the part of a file system whose order of writes the journal depends on. */
export interface AppendFile {
  append(bytes: Uint8Array): Promise<void>;
  /** Resolves when everything appended so far is on stable storage. */
  sync(): Promise<void>;
  close(): Promise<void>;
}

/** The few file operations durable state needs. Paths are absolute. */
export interface Files {
  /** Whole content, or undefined when the file does not exist. */
  read(path: string): Promise<Uint8Array | undefined>;
  /** Replaces the file so that a reader, or a restart after a power cut, sees the old or the new content and nothing between. */
  writeAtomic(path: string, bytes: Uint8Array): Promise<void>;
  /** Opens for appending, created when missing, cut to `sizeBytes` first when given. */
  openAppend(path: string, sizeBytes?: number): Promise<AppendFile>;
  /** Names in a folder; empty when it does not exist. */
  list(folder: string): Promise<readonly string[]>;
  remove(path: string): Promise<void>;
  makeFolder(path: string): Promise<void>;
}

export interface ChildExit {
  readonly code: number | null;
  readonly signal: string | null;
}

/** A running child process. */
export interface Child {
  readonly pid: number;
  /** Complete lines of standard output; ends when the stream closes. A line over the spawn's limit ends the child. */
  readonly stdout: AsyncIterable<string>;
  /** Complete lines of standard error. */
  readonly stderr: AsyncIterable<string>;
  /** Writes text to standard input and leaves it open: its closing tells the child that its parent is gone. */
  write(text: string): void;
  /** Ends the process and its descendants at once, without asking it (SIGKILL or its equivalent). */
  kill(): void;
  readonly exited: Promise<ChildExit>;
}

export interface SpawnRequest {
  readonly file: string;
  /** Arguments as a list: no shell ever sees them. */
  readonly args: readonly string[];
  readonly cwd: string;
  /** The complete environment; nothing is inherited. */
  readonly env: Readonly<Record<string, string>>;
}

export interface Spawner {
  spawn(request: SpawnRequest): Child;
}

/** A duplex stream of messages with another process. */
export interface Channel<Out, In> {
  /** Queues a message. Throws nothing: a broken channel ends `incoming`. */
  send(message: Out): void;
  /** Messages in order; ends on a clean close and throws a GroveError on a broken one. */
  readonly incoming: AsyncIterable<In>;
  close(): void;
}

/** How an agent reaches its coordinator. */
export interface Transport<Out, In> {
  /** Opens one channel, or throws a GroveError when the coordinator cannot be reached or the signal aborts first. */
  connect(signal?: AbortSignal): Promise<Channel<Out, In>>;
}
