import type { Spawner, SpawnRequest } from '../domain/ports.ts';

/** Lines of output that are kept for an error. */
const TAIL_LINES = 40;

/** How a program ended. */
export interface ProgramEnd {
  /** Null when it was killed. */
  readonly code: number | null;
  readonly stdout: readonly string[];
  /** The last lines of both streams. */
  readonly tail: readonly string[];
}

/** What a caller wants to know of a running program, and what stops it. */
export interface ProgramWatch {
  readonly signal: AbortSignal;
  onLine(line: string): void;
}

/** Runs a program to its end without input. Kills it, and throws the signal's reason, when the signal aborts. Throws `child-crashed` for one that cannot be started. */
export async function runProgram(spawner: Spawner, request: SpawnRequest, { signal, onLine }: ProgramWatch): Promise<ProgramEnd> {
  signal.throwIfAborted();
  const child = spawner.spawn(request);
  const onAbort = () => child.kill();
  signal.addEventListener('abort', onAbort, { once: true });
  const [stdout, tail]: [string[], string[]] = [[], []];
  const read = async (lines: AsyncIterable<string>, keep: (line: string) => void): Promise<void> => {
    for await (const line of lines) {
      keep(line);
      tail.push(line);
      if (tail.length > TAIL_LINES) tail.shift();
      onLine(line);
    }
  };
  try {
    await Promise.all([read(child.stdout, (line) => stdout.push(line)), read(child.stderr, () => {})]);
    const { code } = await child.exited;
    signal.throwIfAborted();
    return { code, stdout, tail };
  } finally {
    signal.removeEventListener('abort', onAbort);
    child.kill();
  }
}
