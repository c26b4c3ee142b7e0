import { readdir, readFile, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { GroveError } from '../../domain/errors.ts';
import { type ToolchainName, toolchainNameOf } from '../../domain/toolchains.ts';
import { currentId } from './definitions.ts';
import { type Toolchain, toolchainSchema } from './toolchain.ts';

/** The record beside an environment: written last, so that what was interrupted is no toolchain. */
export const TOOLCHAIN_RECORD = 'toolchain.json';

/** The toolchains of an agent: a folder `toolchains/` below its data folder, one folder a toolchain. */
export class Toolchains {
  readonly folder: string;

  /** @param dataFolder the agent's. */
  constructor(dataFolder: string) {
    this.folder = join(dataFolder, 'toolchains');
  }

  /** Installed toolchains, by id. What is there and none (an interrupted installation) is left out. */
  async list(): Promise<readonly Toolchain[]> {
    const names = (await readdir(this.folder).catch(() => [])).filter((name) => !name.startsWith('.')).sort();
    return (await Promise.all(names.map((name) => this.read(name)))).flatMap((found) => found ?? []);
  }

  /** The toolchain of that id; undefined when it is not installed. */
  async read(id: string): Promise<Toolchain | undefined> {
    const text = await readFile(join(this.folder, id, TOOLCHAIN_RECORD), 'utf8').catch(() => undefined);
    const found = text === undefined ? undefined : toolchainSchema.safeParse(parsedJson(text)).data;
    return found?.id === id ? found : undefined;
  }

  /** Of that name the one that this Grove installs, else the one that was installed last; undefined when there is none. */
  async named(name: ToolchainName): Promise<Toolchain | undefined> {
    const current = await this.read(await currentId(name));
    if (current !== undefined) return current;
    const others = (await this.list()).filter((found) => found.name === name);
    const dated = await Promise.all(others.map(async (found) => ({ found, at: await this.#installedAtMs(found) })));
    return dated.sort((a, b) => a.at - b.at).at(-1)?.found;
  }

  /** A record is written once, when its toolchain is in place; one that just went is the oldest. */
  async #installedAtMs({ id }: Toolchain): Promise<number> {
    const facts = await stat(join(this.folder, id, TOOLCHAIN_RECORD)).catch(() => undefined);
    return facts?.mtimeMs ?? 0;
  }

  /** Removes one by its id, or by its name where only one has it. An environment of the operator's stays. Throws `not-found`, `invalid-argument`. */
  async remove(idOrName: string): Promise<Toolchain> {
    const matching = (await this.list()).filter(({ id }) => id === idOrName || toolchainNameOf(id) === idOrName);
    const [found] = matching;
    if (found === undefined) throw new GroveError('not-found', { kind: 'toolchain', id: idOrName });
    if (matching.length > 1) {
      const problem = `${idOrName} is ${matching.map(({ id }) => id).join(' or ')}: give the id`;
      throw new GroveError('invalid-argument', { problem });
    }
    // The record goes first: a removal that is interrupted leaves no toolchain behind.
    await rm(join(this.folder, found.id, TOOLCHAIN_RECORD));
    await rm(join(this.folder, found.id), { recursive: true, force: true });
    return found;
  }
}

function parsedJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
