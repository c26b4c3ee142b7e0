import type { Terminal } from './output.ts';

/** What a command needs beside its arguments. */
export interface CommandContext {
  readonly terminal: Terminal;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Sets the exit code for when the command's action has returned. */
  exit(code: number): void;
  /** Aborted by the first Ctrl-C: finish what must be finished, then return. */
  readonly interrupted: AbortSignal;
}
