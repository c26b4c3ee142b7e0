import { GroveError, toGroveError } from '../../domain/errors.ts';
import { dieWithParent } from '../../platform/die-with-parent.ts';
import { readLines } from '../../platform/lines.ts';
import { type ChildEvent, childRequestSchema, MAX_LINE_CHARS } from './child-protocol.ts';
import { refuseNetwork } from './no-network.ts';

/** Longest request line: specs hold a recipe of up to 1 MiB and manifests of 4,096 files. */
const MAX_REQUEST_CHARS = 8_388_608;

/** What a stage may use beside its request. */
export interface ChildContext {
  /** Never aborts: a stage process is killed, not asked. Engine functions take a signal. */
  readonly signal: AbortSignal;
  log(line: string): void;
  progress(fraction: number, note?: string): void;
}

/** One heavy stage: validates its own request and returns a JSON document, which the agent validates again. */
export type ChildStage = (request: unknown, context: ChildContext) => Promise<unknown>;

/**
 * The whole life of a stage process: binds its life to the agent's, gives up the network, reads the request, runs the stage it names, writes the
 * result or error and exits. The exit code is 0 whenever a last event was written.
 *
 * @param args command line after the script: `<stage> <pid of the agent>`.
 */
export async function serveChild(args: readonly string[], stages: Readonly<Record<string, ChildStage>>): Promise<void> {
  dieWithParent(Number(args[1]));
  refuseNetwork();
  const last = await outcomeOf(args[0] ?? '', stages);
  await write(last);
  process.exitCode = 0;
  // Native thread pools and timers of libraries must not keep a finished process alive.
  process.exit();
}

async function outcomeOf(name: string, stages: Readonly<Record<string, ChildStage>>): Promise<ChildEvent> {
  try {
    const stage = Object.hasOwn(stages, name) ? stages[name] : undefined;
    if (stage === undefined) throw new GroveError('internal', { problem: `there is no stage process "${name}"` });
    const result = await stage(await readRequest(name), childContext());
    return { type: 'result', result };
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.stack : String(error)}\n`);
    return { type: 'error', error: toGroveError(error).toReport() };
  }
}

async function readRequest(name: string): Promise<unknown> {
  for await (const line of readLines(process.stdin, MAX_REQUEST_CHARS)) {
    const { stage, request } = childRequestSchema.parse(JSON.parse(line));
    if (stage !== name) throw new GroveError('internal', { problem: `stage process "${name}" was sent a request for "${stage}"` });
    return request;
  }
  throw new GroveError('internal', { problem: 'the request never came' });
}

function childContext(): ChildContext {
  return {
    signal: new AbortController().signal,
    log: (line) => void write({ type: 'log', line: cut(line) }),
    progress: (fraction, note = '') => void write({ type: 'progress', fraction: Math.min(1, Math.max(0, fraction)), note: cut(note) }),
  };
}

function cut(line: string): string {
  return line.length > MAX_LINE_CHARS ? `${line.slice(0, MAX_LINE_CHARS - 1)}…` : line;
}

function write(event: ChildEvent): Promise<void> {
  return new Promise((resolve) => {
    // A native library may have left a line of its own unfinished.
    process.stdout.write(`\n${JSON.stringify(event)}\n`, () => resolve());
  });
}
