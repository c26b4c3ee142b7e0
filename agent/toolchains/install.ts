import { mkdir, rename, rm, stat, statfs, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { GroveError } from '../../domain/errors.ts';
import type { Spawner } from '../../domain/ports.ts';
import type { ToolchainName } from '../../domain/toolchains.ts';
import { environmentPython, findPythons, type Python } from '../../platform/python.ts';
import { systemRandom } from '../../platform/random.ts';
import { runProgram } from '../../platform/run-program.ts';
import { currentId, TOOLCHAIN_DEFINITIONS, type ToolchainDefinition } from './definitions.ts';
import { pipProblem } from './pip-problem.ts';
import { adoptedId, type Proof, proveEnvironment } from './prove.ts';
import type { Toolchain } from './toolchain.ts';
import { TOOLCHAIN_RECORD, type Toolchains } from './toolchain-store.ts';

/** What `grove toolchain install` is asked for. */
export interface InstallRequest {
  readonly name: ToolchainName;
  /** Folder with all wheels: nothing is asked of a package index then. */
  readonly wheels?: string;
  /** An environment of the operator's, taken as it is. */
  readonly environment?: string;
  /** Python interpreter in the place of those that are found. */
  readonly python?: string;
}

/** What an installation needs from outside. */
export interface InstallPorts {
  readonly spawner: Spawner;
  /** The operator's environment: pip's own configuration and proxies are in it. */
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly signal: AbortSignal;
  log(line: string): void;
}

/** Variables that would make a Python look for its modules elsewhere, and secrets that an installation has no use for. */
const LEFT_OUT = /^(?:PYTHON|VIRTUAL_ENV|CONDA_|GROVE_|HF_TOKEN)/;

/**
 * Installs a toolchain: makes a virtual environment, fetches its wheels (those of an interrupted attempt are used again), installs them by their digests, proves that it works,
 * and moves it into place. One that is there already is left as it is. Throws `toolchain-failed` with what is in the way, `low-disk`.
 */
export async function installToolchain(toolchains: Toolchains, request: InstallRequest, ports: InstallPorts): Promise<Toolchain> {
  const work = new Installation(toolchains, request, ports);
  return request.environment === undefined ? await work.make() : await work.adopt(resolve(request.environment));
}

class Installation {
  readonly #toolchains: Toolchains;
  readonly #request: InstallRequest;
  readonly #ports: InstallPorts;
  readonly #definition: ToolchainDefinition;
  readonly #env: Readonly<Record<string, string>>;

  constructor(toolchains: Toolchains, request: InstallRequest, ports: InstallPorts) {
    this.#toolchains = toolchains;
    this.#request = request;
    this.#ports = ports;
    this.#definition = TOOLCHAIN_DEFINITIONS[request.name];
    const kept = Object.entries(ports.env).flatMap(([name, value]) =>
      value === undefined || LEFT_OUT.test(name) ? [] : [[name, value] as const],
    );
    this.#env = Object.fromEntries(kept);
  }

  async make(): Promise<Toolchain> {
    const id = await currentId(this.#request.name);
    const known = await this.#toolchains.read(id);
    if (known !== undefined) return known;
    await mkdir(this.#toolchains.folder, { recursive: true, mode: 0o700 });
    await this.#assertRoom();
    const python = await this.#python();
    const place = join(this.#toolchains.folder, `.installing-${systemRandom.id()}`);
    const fetched = join(this.#toolchains.folder, `.wheels-${id}`);
    try {
      await mkdir(place);
      const made = await this.#fill(place, { python, fetched });
      const environment = join(this.#toolchains.folder, id, 'environment');
      const toolchain = this.#record({ id, proof: made, environment, managed: true });
      await this.#moveIn(place, toolchain);
      await rm(fetched, { recursive: true, force: true });
      return toolchain;
    } finally {
      await rm(place, { recursive: true, force: true });
    }
  }

  /** Takes the operator's environment as it is: its lock is the list of its packages, with its Python. */
  async adopt(environment: string): Promise<Toolchain> {
    const proof = await this.#prove(environment);
    const id = adoptedId(this.#request.name, proof);
    const toolchain = this.#record({ id, proof, environment, managed: false });
    await mkdir(this.#toolchains.folder, { recursive: true, mode: 0o700 });
    const place = join(this.#toolchains.folder, `.installing-${systemRandom.id()}`);
    await mkdir(place);
    await this.#moveIn(place, toolchain);
    return toolchain;
  }

  async #assertRoom(): Promise<void> {
    const { bavail, bsize } = await statfs(this.#toolchains.folder);
    const { neededBytes } = this.#definition;
    const freeBytes = bavail * bsize;
    if (freeBytes < neededBytes) throw new GroveError('low-disk', { where: this.#toolchains.folder, freeBytes, neededBytes });
  }

  async #python(): Promise<Python> {
    const { spawner, signal } = this.#ports;
    const file = this.#request.python;
    const found = await findPythons({ spawner, env: this.#env, cwd: this.#toolchains.folder, signal, file });
    const [oldest, newest] = this.#definition.pythonMinors;
    const fitting = found.filter(({ version: [major, minor] }) => major === 3 && minor >= oldest && minor <= newest);
    const able = fitting.find(({ makesEnvironments }) => makesEnvironments);
    if (able !== undefined) return able;
    throw this.#failed(pythonProblem({ found, fitting, range: `3.${oldest} to 3.${newest}`, asked: file }));
  }

  async #fill(place: string, { python, fetched }: { readonly python: Python; readonly fetched: string }): Promise<Proof> {
    const environment = join(place, 'environment');
    this.#ports.log(`Making an environment with Python ${python.version.join('.')} (${python.file}).`);
    await this.#run(python.file, ['-I', '-m', 'venv', environment], 'the environment cannot be made');
    const { wheels } = this.#request;
    const folder = wheels === undefined ? fetched : await this.#givenWheels(wheels);
    const pip = ['-I', '-m', 'pip', '--no-input', '--disable-pip-version-check'];
    const chosen = ['--require-hashes', '--only-binary', ':all:', '-r', this.#definition.requirements];
    const file = environmentPython(environment);
    if (wheels === undefined) {
      this.#ports.log('Fetching packages.');
      await this.#run(file, [...pip, 'download', ...chosen, '-d', fetched], 'packages cannot be fetched');
    }
    this.#ports.log('Installing packages.');
    await this.#run(file, [...pip, 'install', ...chosen, '--no-index', '--find-links', folder], 'packages cannot be installed');
    return await this.#prove(environment);
  }

  async #givenWheels(wheels: string): Promise<string> {
    const folder = resolve(wheels);
    const facts = await stat(folder).catch(() => undefined);
    if (facts?.isDirectory() !== true) throw this.#failed(`there is no folder ${wheels}`);
    return folder;
  }

  async #run(file: string, args: readonly string[], what: string): Promise<void> {
    const { spawner, signal, log } = this.#ports;
    const end = await runProgram(spawner, { file, args, cwd: this.#toolchains.folder, env: this.#env }, { signal, onLine: log });
    if (end.code !== 0) throw await this.#explain(what, end.tail);
  }

  async #explain(what: string, tail: readonly string[]): Promise<GroveError> {
    const problem = pipProblem(tail);
    if (problem !== 'no-space') return this.#failed(`${what}: ${problem}`);
    const { bavail, bsize } = await statfs(this.#toolchains.folder);
    return new GroveError('low-disk', {
      where: this.#toolchains.folder,
      freeBytes: bavail * bsize,
      neededBytes: this.#definition.neededBytes,
    });
  }

  #prove(environment: string): Promise<Proof> {
    const { spawner, signal, log } = this.#ports;
    return proveEnvironment({ name: this.#request.name, environment }, { spawner, env: this.#env, signal, log: (line) => log(line) });
  }

  #record(facts: Pick<Toolchain, 'id' | 'environment' | 'managed'> & { readonly proof: Proof }): Toolchain {
    const { proof, ...rest } = facts;
    return { schemaVersion: 1, name: this.#request.name, ...rest, pythonVersion: proof.python, packages: proof.packages };
  }

  async #moveIn(place: string, toolchain: Toolchain): Promise<void> {
    await writeFile(join(place, TOOLCHAIN_RECORD), `${JSON.stringify(toolchain, null, 2)}\n`);
    const target = join(this.#toolchains.folder, toolchain.id);
    await rm(target, { recursive: true, force: true });
    await rename(place, target);
  }

  #failed(problem: string): GroveError {
    return new GroveError('toolchain-failed', { toolchain: this.#request.name, problem });
  }
}

interface PythonFacts {
  readonly found: readonly Python[];
  readonly fitting: readonly Python[];
  readonly range: string;
  readonly asked: string | undefined;
}

function pythonProblem({ found, fitting, range, asked }: PythonFacts): string {
  const [unable] = fitting;
  if (unable !== undefined) {
    const [major, minor] = unable.version;
    return `${unable.file} cannot make environments: install its venv module (Debian: apt install python${major}.${minor}-venv)`;
  }
  if (asked !== undefined && found.length === 0) return `${asked} is no Python interpreter`;
  if (found.length === 0) return `Python ${range} is needed and none was found on this machine`;
  const versions = found.map(({ version, file }) => `${version.join('.')} (${file})`).join(', ');
  return `Python ${range} is needed; found ${versions}. Install one, or name it with --python`;
}
