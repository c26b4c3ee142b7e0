import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';
import { vi } from 'vitest';

/** The command line as a user starts it: the built one. */
const GROVE = join(import.meta.dirname, '../../bin/grove.js');

/** Longest that any condition of these tests takes on a busy machine; a test's own limit is longer. */
const PATIENCE_MS = 60_000;

/** Nothing that a test started outlives it, not even when the test runner ends early. */
const living = new Set<ChildProcess>();
process.once('exit', () => {
  for (const child of living) child.kill('SIGKILL');
});

/** How a command ended and what it said. */
export interface Finished {
  /** Null when a signal ended it. */
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

export interface GroveOptions {
  readonly cwd: string;
  /** The whole environment. */
  readonly env: Readonly<Record<string, string>>;
}

/** One `grove` process. Its output is kept, so that a failing test can show it. */
export class GroveProcess {
  readonly finished: Promise<Finished>;
  readonly #child: ChildProcess;
  #out = '';
  #err = '';

  constructor(args: readonly string[], { cwd, env }: GroveOptions) {
    const child = spawn(process.execPath, [GROVE, ...args], { cwd, env, stdio: ['ignore', 'pipe', 'pipe'] });
    this.#child = child;
    living.add(child);
    child.once('exit', () => living.delete(child));
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      this.#out += text;
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      this.#err += text;
    });
    this.finished = new Promise((resolve) => {
      child.once('close', (code) => resolve({ code, out: this.#out, err: this.#err }));
    });
  }

  get pid(): number {
    if (this.#child.pid === undefined) throw new Error('the process could not be started');
    return this.#child.pid;
  }

  get out(): string {
    return this.#out;
  }

  get err(): string {
    return this.#err;
  }

  get hasEnded(): boolean {
    return this.#child.exitCode !== null || this.#child.signalCode !== null;
  }

  /** Sends a signal and waits for the end. */
  async end(signal: NodeJS.Signals): Promise<Finished> {
    this.#child.kill(signal);
    return this.finished;
  }

  /** Waits until the condition answers something; fails at once, with the output, when the process ends first. */
  async until<T>(condition: () => T | undefined): Promise<T> {
    let result: T | undefined;
    await vi.waitFor(
      () => {
        result = condition();
        if (result === undefined && !this.hasEnded) throw new Error(`still waiting; it said:\n${this.#out}${this.#err}`);
      },
      { timeout: PATIENCE_MS, interval: 20 },
    );
    if (result === undefined) throw new Error(`the process ended:\n${this.#out}${this.#err}`);
    return result;
  }
}

/** Waits until the probe answers something else than undefined or false, and returns it. */
export async function eventually<T>(probe: () => Promise<T | undefined | false>, what = 'the condition'): Promise<T> {
  const seen: T[] = [];
  await vi.waitFor(
    async () => {
      const found = await probe();
      if (found === undefined || found === false) throw new Error(`still waiting for ${what}`);
      seen.push(found);
    },
    { timeout: PATIENCE_MS, interval: 30 },
  );
  return seen[0]!;
}
