import type { TaskId } from '../../domain/names.ts';

/** One chunk as the agent counts them. */
export interface LogPiece {
  readonly sequence: number;
  readonly text: string;
}

export interface LogRange {
  readonly taskId: TaskId;
  readonly attempt: number;
  /** Leave out this many bytes of UTF-8. */
  readonly offsetBytes: number;
  /** Go on until the attempt ends. */
  readonly follow: boolean;
  readonly signal: AbortSignal;
}

/**
 * What agents print while they work, per attempt. A log ends at MAX_LOG_BYTES and then says how many bytes are left out. Chunks that are sent again are
 * recognised by their sequence, also by another coordinator of the farm. Logs are no results: a crash may cost the last lines.
 */
export interface TaskLogs {
  /** Stores a chunk in the background; a failure is reported and the chunk lost. */
  append(taskId: TaskId, attempt: number, piece: LogPiece): void;
  /** No more chunks will come: lets followers finish. Idempotent; for an attempt without a log it does nothing. */
  end(taskId: TaskId, attempt: number): void;
  /** Chunks in order, empty when nothing was logged. Ends at once without `follow`, else with the attempt or with `signal`. */
  read(range: LogRange): AsyncIterable<Uint8Array>;
  /** Waits for what is being written, and lets followers go. */
  stop(): Promise<void>;
}
