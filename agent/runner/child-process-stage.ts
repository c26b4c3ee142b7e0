import { join } from 'node:path';
import type { z } from 'zod';
import { GroveError } from '../../domain/errors.ts';
import type { Json } from '../../domain/json.ts';
import type { Child, Clock, Spawner } from '../../domain/ports.ts';
import { INSTALLATION_FOLDER } from '../../platform/installation.ts';
import { type ChildEvent, childEventSchema } from './child-protocol.ts';
import type { ChildRecord, ChildRegistry } from './child-registry.ts';

/** After its last event a child has this long to exit by itself. */
const EXIT_GRACE_MS = 2_000;

/** How stage processes are started. */
export interface ChildHost {
  readonly spawner: Spawner;
  readonly registry: ChildRegistry;
  readonly clock: Clock;
  /** Script that serves the stages: `dist/bundle/child-main.js`. */
  readonly childMain: string;
  /** The complete environment of a child. */
  readonly env: Readonly<Record<string, string>>;
}

/** One piece of work for a process of its own. */
export interface ChildWork<Result> {
  readonly stage: string;
  readonly deviceName: string;
  readonly request: Json;
  readonly result: z.ZodType<Result>;
  readonly timeoutMs: number;
  /** Existing folder the child starts in: the attempt's own scratch folder. */
  readonly cwd: string;
}

/** What the work tells while it runs, and what stops it. */
export interface ChildObserver {
  readonly signal: AbortSignal;
  log(line: string): void;
  progress(fraction: number, note: string): void;
}

/** The built entry of stage processes, also when this file itself runs from source: plain Node cannot run TypeScript on every supported version. */
export function defaultChildMain(): string {
  return join(INSTALLATION_FOLDER, 'dist', 'bundle', 'child-main.js');
}

/**
 * Runs work in a fresh process and kills it, whatever happens, before returning. Throws the error the child reported; `child-crashed` when it ended
 * without a last event or with a result that is none; `child-timeout`; the signal's reason when stopped.
 */
export async function runInChild<Result>(host: ChildHost, work: ChildWork<Result>, observer: ChildObserver): Promise<Result> {
  observer.signal.throwIfAborted();
  const child = host.spawner.spawn({
    file: process.execPath,
    args: [host.childMain, work.stage, String(process.pid)],
    cwd: work.cwd,
    env: host.env,
  });
  let record: ChildRecord | undefined;
  try {
    record = await host.registry.register(child, work);
    child.write(`${JSON.stringify({ stage: work.stage, request: work.request })}\n`);
    const stderr = forwardLog(child, observer);
    const last = await untilStopped(host, work, { observer, run: lastEvent(child, observer) });
    const result = await outcomeOf(child, work, last);
    await Promise.race([Promise.all([stderr, child.exited]), afterMs(host.clock, EXIT_GRACE_MS)]);
    return result;
  } finally {
    await host.registry.end(child, record);
  }
}

async function forwardLog(child: Child, observer: ChildObserver): Promise<void> {
  for await (const line of child.stderr) observer.log(line);
}

/** Passes events on until the last one; undefined when the output ends without one. What is no event is log: vendor libraries print where they like. */
async function lastEvent(child: Child, observer: ChildObserver): Promise<LastEvent | undefined> {
  for await (const line of child.stdout) {
    const event = parseEvent(line);
    if (event === undefined) {
      if (line.trim() !== '') observer.log(line);
    } else if (event.type === 'progress') observer.progress(event.fraction, event.note);
    else if (event.type === 'log') observer.log(event.line);
    else return event;
  }
  return undefined;
}

type LastEvent = Extract<ChildEvent, { type: 'result' | 'error' }>;

function parseEvent(line: string): ChildEvent | undefined {
  try {
    return childEventSchema.safeParse(JSON.parse(line)).data;
  } catch {
    return undefined;
  }
}

async function outcomeOf<Result>(child: Child, { stage, result }: ChildWork<Result>, last: LastEvent | undefined): Promise<Result> {
  if (last === undefined) {
    const { code, signal } = await child.exited;
    throw new GroveError('child-crashed', { stage, how: signal === null ? `exit code ${code}` : `signal ${signal}` });
  }
  if (last.type === 'error') throw GroveError.fromReport(last.error);
  const parsed = result.safeParse(last.result);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  throw new GroveError(
    'child-crashed',
    { stage, how: `its result is not valid at ${issue?.path.join('.') || 'the top'}: ${issue?.message}` },
    { cause: parsed.error },
  );
}

/** The run's value, unless time runs out or the attempt is stopped first. */
async function untilStopped<T>(
  { clock }: ChildHost,
  { stage, timeoutMs }: { readonly stage: string; readonly timeoutMs: number },
  { observer: { signal }, run }: { readonly observer: ChildObserver; readonly run: Promise<T> },
): Promise<T> {
  let cleanUp = () => {};
  const stopped = new Promise<never>((_, reject) => {
    const timer = clock.after(timeoutMs, () => reject(new GroveError('child-timeout', { stage, timeoutMs })));
    const onAbort = () => reject(signal.reason);
    signal.addEventListener('abort', onAbort, { once: true });
    if (signal.aborted) onAbort();
    cleanUp = () => {
      timer.cancel();
      signal.removeEventListener('abort', onAbort);
    };
  });
  try {
    return await Promise.race([run, stopped]);
  } finally {
    cleanUp();
    // The loser of the race must not surface as an unhandled rejection: killing the child ends it.
    run.catch(() => {});
  }
}

function afterMs(clock: Clock, delayMs: number): Promise<void> {
  return new Promise((resolve) => {
    clock.after(delayMs, resolve);
  });
}
