import { CAN_WATCH_TREES, type TreeUsage, watchTree } from './process-tree.ts';
import { allLines, type StartOptions, startProgram } from './start-process.ts';

/** A whole process as seen from outside. */
export interface Measured {
  readonly wallMs: number;
  /** Undefined where process trees cannot be watched. */
  readonly usage: TreeUsage | undefined;
}

/** What to run and how. */
export interface MeasureRequest extends StartOptions {
  readonly file: string;
  readonly args: readonly string[];
  /** Interval of memory samples; default 5. */
  readonly sampleMs?: number;
}

/** A program that did not end well, with what it wrote on standard error. */
export class ProcessFailed extends Error {
  readonly errors: readonly string[];

  constructor(message: string, errors: readonly string[]) {
    super(message);
    this.errors = errors;
  }
}

/** Runs a program to its end. Throws {@link ProcessFailed} when it fails. */
export async function measureProcess({ file, args, sampleMs, ...options }: MeasureRequest): Promise<Measured> {
  const start = performance.now();
  const child = startProgram(file, args, options);
  const watch = CAN_WATCH_TREES ? watchTree(child.pid, sampleMs) : undefined;
  const output = Promise.all([allLines(child.stdout), allLines(child.stderr)]);
  const { code } = await child.exited;
  const wallMs = performance.now() - start;
  const usage = watch?.stop();
  const [, errors] = await output;
  if (code !== 0)
    throw new ProcessFailed(`${file} ${args.slice(0, 3).join(' ')} ended with ${code}: ${errors.slice(-3).join(' | ')}`, errors);
  return { wallMs, usage };
}
