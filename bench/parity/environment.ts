import { access, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { INSTALLATION_FOLDER } from '../../platform/installation.ts';
import { allLines, startProgram } from '../processes/start-process.ts';

/** Everything a parity run writes except its page and its summaries; kept, so that a later run may reuse it. */
export const PARITY_FOLDER = join(INSTALLATION_FOLDER, '.grove', 'parity');

/** Sources of the parity run that are no TypeScript. */
export const PARITY_SOURCES = join(INSTALLATION_FOLDER, 'bench', 'parity');

/** Olive neither reports home nor looks for a network; Python's output is UTF-8 wherever it runs. */
export const OLIVE_ENVIRONMENT: Readonly<Record<string, string>> = {
  OLIVE_DISABLE_TELEMETRY: '1',
  HF_HUB_OFFLINE: '1',
  HF_DATASETS_OFFLINE: '1',
  HF_HUB_DISABLE_TELEMETRY: '1',
  TOKENIZERS_PARALLELISM: 'false',
  PYTHONUTF8: '1',
};

/** An interpreter that has the reference stack. */
export interface Python {
  readonly file: string;
  /** Versions of the interpreter and of the packages that matter. */
  readonly versions: Readonly<Record<string, string>>;
}

const describedSchema = z.object({
  versions: z.record(z.string(), z.string()),
  operators: z.record(z.string(), z.record(z.string(), z.number())),
});
type Described = z.infer<typeof describedSchema>;

/**
 * The interpreter named by `GROVE_PARITY_PYTHON`, else that of a virtual environment in {@link PARITY_FOLDER}, made with `requirements.txt` when it is missing
 * (several minutes and gigabytes).
 */
export async function findPython(env: Readonly<Record<string, string | undefined>>): Promise<Python> {
  const file = env['GROVE_PARITY_PYTHON'] ?? (await virtualEnvironment());
  return { file, versions: (await describe(file, [])).versions };
}

/** Operators of models as the onnx package counts them, by path. */
export async function countOperators({ file }: Python, models: readonly string[]): Promise<Described['operators']> {
  return (await describe(file, models)).operators;
}

async function describe(file: string, models: readonly string[]): Promise<Described> {
  const lines = await runProgram(file, [join(PARITY_SOURCES, 'describe.py'), ...models]);
  return describedSchema.parse(JSON.parse(lines.at(-1) ?? ''));
}

async function virtualEnvironment(): Promise<string> {
  const folder = join(PARITY_FOLDER, 'venv');
  const file = process.platform === 'win32' ? join(folder, 'Scripts', 'python.exe') : join(folder, 'bin', 'python');
  const marker = join(folder, 'complete');
  if (await exists(marker)) return file;
  console.error(`parity: making ${folder} ...`);
  await runProgram(process.platform === 'win32' ? 'python' : 'python3', ['-m', 'venv', folder]);
  await runProgram(file, ['-m', 'pip', 'install', '--quiet', '-r', join(PARITY_SOURCES, 'requirements.txt')]);
  await writeFile(marker, '');
  return file;
}

/** Runs a program to its end, with more variables if need be, and returns what it printed. Throws with its last words when it fails. */
export async function runProgram(
  file: string,
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<readonly string[]> {
  const child = startProgram(file, args, { cwd: INSTALLATION_FOLDER, env: { ...OLIVE_ENVIRONMENT, ...env } });
  const output = Promise.all([allLines(child.stdout), allLines(child.stderr)]);
  const { code } = await child.exited;
  const [lines, errors] = await output;
  if (code !== 0) throw new Error(`${file} ${args[0] ?? ''} ended with ${code}: ${errors.slice(-5).join(' | ')}`);
  return lines;
}

export async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
