import type { Clock, Spawner } from '../../domain/ports.ts';

/** What an operator lets an agent try. */
export interface RecoverySettings {
  /** A program with its arguments, run without a shell: reloads a driver, resets a device. Null: nothing is tried. */
  readonly command: readonly string[] | null;
  readonly timeoutMs: number;
}

/** Where and how it is run. */
export interface RecoveryPlace {
  readonly spawner: Spawner;
  readonly clock: Clock;
  readonly cwd: string;
  /** The complete environment. */
  readonly env: Readonly<Record<string, string>>;
  log(line: string): void;
}

/** A killed process is waited for this long. */
const EXIT_GRACE_MS = 5_000;
/** Lines of its output that are passed on. */
const MAX_LINES = 100;

/** Runs an operator's command to its end, or kills it. Returns how that went, for a person; never throws. */
export async function runRecoveryCommand({ command, timeoutMs }: RecoverySettings, place: RecoveryPlace): Promise<string> {
  const [file, ...args] = command ?? [];
  if (file === undefined) return 'no `agent.recovery.command` is configured';
  try {
    const child = place.spawner.spawn({ file, args, cwd: place.cwd, env: place.env });
    const output = [passOn(child.stdout, place), passOn(child.stderr, place)];
    const exit = await within(child.exited, timeoutMs, place.clock);
    if (exit === undefined) {
      child.kill();
      await within(child.exited, EXIT_GRACE_MS, place.clock);
      return `the recovery command was killed after ${timeoutMs} ms`;
    }
    await within(Promise.all(output), EXIT_GRACE_MS, place.clock);
    const how =
      exit.code === null && exit.signal === null ? 'could not be started' : `ended with ${exit.signal ?? `exit code ${exit.code}`}`;
    return `the recovery command ${how}`;
  } catch (error) {
    return `the recovery command could not be started (${error instanceof Error ? error.message : String(error)})`;
  }
}

async function passOn(lines: AsyncIterable<string>, { log }: RecoveryPlace): Promise<void> {
  let count = 0;
  for await (const line of lines) if (count++ < MAX_LINES) log(line);
}

async function within<T>(work: Promise<T>, limitMs: number, clock: Clock): Promise<T | undefined> {
  let cancel = () => {};
  const tooLate = new Promise<undefined>((resolve) => {
    const timer = clock.after(limitMs, () => resolve(undefined));
    cancel = () => timer.cancel();
  });
  try {
    return await Promise.race([work, tooLate]);
  } finally {
    cancel();
  }
}
