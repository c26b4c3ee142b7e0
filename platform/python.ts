import { join } from 'node:path';
import type { Spawner } from '../domain/ports.ts';
import { runProgram } from './run-program.ts';

/** A Python interpreter of this machine. */
export interface Python {
  /** Absolute path of the interpreter itself. */
  readonly file: string;
  readonly version: PythonVersion;
  /** Whether it can make virtual environments with pip inside: Debian leaves that to a package of its own. */
  readonly makesEnvironments: boolean;
}

export type PythonVersion = readonly [major: number, minor: number, patch: number];

/** How Python is asked for on this system, best first: Windows has a launcher that knows every installation, others have names on the PATH. */
function commands(platform: NodeJS.Platform): readonly (readonly [file: string, ...args: string[]])[] {
  const minors = [12, 13, 11, 14, 10];
  if (platform === 'win32') return [...minors.map((minor) => ['py', `-3.${minor}`] as const), ['python']];
  return [['python3'], ...minors.map((minor) => [`python3.${minor}`] as const)];
}

const QUESTION = [
  'import importlib.util, json, sys',
  "able = all(importlib.util.find_spec(name) for name in ('venv', 'ensurepip'))",
  'print(json.dumps({"file": sys.executable, "version": sys.version_info[:3], "able": able}))',
].join('\n');

/** Where to look for Python. */
export interface PythonSearch {
  readonly spawner: Spawner;
  /** Environment with the PATH to search. */
  readonly env: Readonly<Record<string, string>>;
  readonly cwd: string;
  readonly signal: AbortSignal;
  /** An interpreter to ask in the place of all others. */
  readonly file?: string | undefined;
  readonly platform?: NodeJS.Platform;
}

/** The Python interpreters of this machine, without doubles, in the order in which they should be taken. */
export async function findPythons(search: PythonSearch): Promise<readonly Python[]> {
  const asked = search.file === undefined ? commands(search.platform ?? process.platform) : [[search.file] as const];
  const found = new Map<string, Python>();
  for (const command of asked) {
    const python = await describe(command, search);
    if (python !== undefined && !found.has(python.file)) found.set(python.file, python);
  }
  return [...found.values()];
}

/** Undefined for a command that is not there, or that is no Python. */
async function describe(
  [file, ...args]: readonly [string, ...string[]],
  { spawner, env, cwd, signal }: PythonSearch,
): Promise<Python | undefined> {
  const request = { file, args: [...args, '-I', '-c', QUESTION], cwd, env };
  const end = await runProgram(spawner, request, { signal, onLine: () => {} }).catch((error: unknown) => {
    if (signal.aborted) throw error;
    return undefined;
  });
  return end?.code === 0 ? parse(end.stdout.join('\n')) : undefined;
}

function parse(text: string): Python | undefined {
  const match = /^\{"file": "(.+)", "version": \[(\d+), (\d+), (\d+)\], "able": (true|false)\}$/.exec(text.trim());
  if (match === null) return undefined;
  const [, file = '', major, minor, patch, able] = match;
  // The path is a JSON string: Windows' back-slashes are escaped in it.
  return {
    file: String(JSON.parse(`"${file}"`)),
    version: [Number(major), Number(minor), Number(patch)],
    makesEnvironments: able === 'true',
  };
}

/** The interpreter of a virtual environment. */
export function environmentPython(folder: string, platform: NodeJS.Platform = process.platform): string {
  return platform === 'win32' ? join(folder, 'Scripts', 'python.exe') : join(folder, 'bin', 'python');
}
