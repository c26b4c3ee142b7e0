import type { Child } from '../../domain/ports.ts';
import { createSpawner } from '../../platform/spawner.ts';

const spawner = createSpawner();
const running = new Set<Child>();

/** Nothing a bench started outlives it, whatever ends it. */
process.on('exit', () => {
  for (const child of running) child.kill();
});
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => process.exit(130));

export interface StartOptions {
  readonly cwd: string;
  /** Added to this process's environment. */
  readonly env?: Readonly<Record<string, string>>;
}

/** Starts Node with these arguments and no loader. The caller reads both outputs. */
export function startNode(args: readonly string[], options: StartOptions): Child {
  return startProgram(process.execPath, args, options);
}

/** Starts a program. The caller reads both outputs. */
export function startProgram(file: string, args: readonly string[], { cwd, env = {} }: StartOptions): Child {
  const child = spawner.spawn({ file, args, cwd, env: { ...inherited(), ...env } });
  running.add(child);
  void child.exited.then(() => running.delete(child));
  return child;
}

function inherited(): Record<string, string> {
  const entries = Object.entries(process.env).filter((entry): entry is [string, string] => entry[1] !== undefined);
  // A configuration or data folder of the person who measures must not change what is measured.
  return Object.fromEntries(entries.filter(([name]) => !name.startsWith('GROVE_') && name !== 'NODE_OPTIONS'));
}

/** Every line, once the stream has closed. */
export async function allLines(lines: AsyncIterable<string>): Promise<readonly string[]> {
  const all: string[] = [];
  for await (const line of lines) all.push(line);
  return all;
}
