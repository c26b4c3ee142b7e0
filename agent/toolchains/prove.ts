import { z } from 'zod';
import { GroveError } from '../../domain/errors.ts';
import type { Spawner } from '../../domain/ports.ts';
import { type ToolchainName, toolchainId } from '../../domain/toolchains.ts';
import { environmentPython } from '../../platform/python.ts';
import { runProgram } from '../../platform/run-program.ts';
import { sha256 } from '../../platform/sha256.ts';
import { TOOLCHAIN_DEFINITIONS } from './definitions.ts';
import type { Toolchain } from './toolchain.ts';

/** What asking an environment needs from outside. */
export interface ProvePorts {
  readonly spawner: Spawner;
  /** The complete environment of the process that is asked. */
  readonly env: Readonly<Record<string, string>>;
  readonly signal: AbortSignal;
  log(line: string): void;
}

/** What the proof of an environment prints. */
const proofSchema = z.object({ python: z.string(), packages: z.record(z.string(), z.string()), all: z.array(z.string()) });
export type Proof = z.infer<typeof proofSchema>;

/** An environment, and the toolchain it is to be. */
export interface Environment {
  readonly name: ToolchainName;
  readonly environment: string;
}

/** Imports what the toolchain is for, and lists what is installed. Throws `toolchain-failed` with what does not work. */
export function proveEnvironment(asked: Environment, ports: ProvePorts): Promise<Proof> {
  return ask(asked, ['for module in names: importlib.import_module(module)'], ports);
}

/** Id of an environment that Grove did not install: its results depend on its packages and on its Python. */
export function adoptedId(name: ToolchainName, { python, all }: Proof): string {
  return toolchainId(name, sha256([`python==${python}`, ...[...all].sort()].join('\n')));
}

/**
 * Asks an environment of the operator's whether it still is what its id says: other packages would give other bytes under the same key. Grove's own environments do not
 * change. Throws `toolchain-failed`.
 */
export async function assertUnchanged({ id, name, environment, managed }: Toolchain, ports: ProvePorts): Promise<void> {
  if (managed) return;
  if (adoptedId(name, await ask({ name, environment }, [], ports)) === id) return;
  const again = `grove toolchain install ${name} --environment ${environment}`;
  const problem = `packages or Python of ${environment} changed since it was installed; run \`${again}\` again, remove ${id}, restart the agent`;
  throw new GroveError('toolchain-failed', { toolchain: id, problem });
}

async function ask({ name, environment }: Environment, imports: readonly string[], ports: ProvePorts): Promise<Proof> {
  const { spawner, env, signal, log } = ports;
  const file = environmentPython(environment);
  const failed = (problem: string) => new GroveError('toolchain-failed', { toolchain: name, problem });
  const request = { file, args: ['-I', '-c', script(name, imports)], cwd: environment, env };
  const run = async () => await runProgram(spawner, request, { signal, onLine: () => {} });
  const end = await run().catch((error: unknown) => {
    if (signal.aborted) throw error;
    throw failed(`${environment} is no virtual environment: there is no ${file}`);
  });
  const proof = proofSchema.safeParse(parsedJson(end.stdout.at(-1) ?? '')).data;
  if (end.code === 0 && proof !== undefined) return proof;
  for (const line of end.tail) log(line);
  throw failed(`it does not work: ${end.tail.at(-1) ?? 'Python ended without a word'}`);
}

function script(name: ToolchainName, imports: readonly string[]): string {
  return [
    'import importlib, importlib.metadata as m, json, platform, sys',
    `names = ${JSON.stringify(TOOLCHAIN_DEFINITIONS[name].proves)}`,
    ...imports,
    'all = sorted({f"{d.metadata[\'Name\']}=={d.version}" for d in m.distributions()})',
    'print(json.dumps({"python": platform.python_version(), "packages": {p: m.version(p) for p in names.values()}, "all": all}))',
  ].join('\n');
}

function parsedJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
