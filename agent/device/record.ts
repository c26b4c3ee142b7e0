import type { Fixture } from './fixture.ts';
import { FORBIDDEN } from './fixture.ts';
import type { Machine } from './machine.ts';
import type { QueryName } from './queries.ts';
import type { Access, Sysfs } from './sysfs.ts';

/** What a fixture must not hold: what names one machine or person, and what runs on it. */
const SECRET = /serial|uuid|machine-id|^proc\/\d|asset_tag|hostname/i;
/** The last part of a PnP id tells one piece of hardware from an equal one. */
const PNP_INSTANCE = /((?:PCI|ACPI|USB|SWD|VMBUS|ROOT)\\\\[^"\\]+\\\\)[^"\\]+/gi;

/** A machine that is looked at, and what was seen of it so far. */
export interface Recording {
  /** Answers as the real one does, and remembers. */
  readonly machine: Machine;
  fixture(title: string): Fixture;
}

/** Remembers every file and answer that is asked for, so that the machine can be looked at again without it. */
export function recordMachine(real: Machine): Recording {
  const files = new Map<string, string>();
  const answers = new Map<QueryName, string>();
  const machine: Machine = {
    ...real,
    sysfs: new RecordingSysfs(real.sysfs, files),
    query: async (name) => {
      const answer = await real.query(name);
      // What runs on the machine is nobody's business.
      if (answer !== undefined && name !== 'windows-state') answers.set(name, answer.replace(PNP_INSTANCE, '$1REDACTED'));
      return answer;
    },
  };
  const fixture = (title: string): Fixture => ({
    schemaVersion: 1,
    label: 'recorded',
    title,
    documents: [],
    platform: real.platform === 'win32' || real.platform === 'darwin' ? real.platform : 'linux',
    arch: real.arch === 'arm64' ? 'arm64' : 'x64',
    files: Object.fromEntries([...files].sort(([a], [b]) => (a < b ? -1 : 1))),
    answers: Object.fromEntries(answers),
  });
  return { machine, fixture };
}

/** Longest file that is kept: those of /sys have a page. Of `/proc/cpuinfo` the first processor stands for all. */
const MAX_CHARS = 4_096;

class RecordingSysfs implements Sysfs {
  readonly #real: Sysfs;
  readonly #files: Map<string, string>;

  constructor(real: Sysfs, files: Map<string, string>) {
    this.#real = real;
    this.#files = files;
  }

  async text(path: string): Promise<string | undefined> {
    const text = await this.#real.text(path);
    if (text !== undefined) this.#keep(path, text);
    return text;
  }

  async whyUnreadable(path: string): Promise<'no-permission' | 'not-present'> {
    const why = await this.#real.whyUnreadable(path);
    if (why === 'no-permission') this.#keep(path, FORBIDDEN);
    return why;
  }

  async list(path: string): Promise<readonly string[]> {
    return await this.#real.list(path);
  }

  async linkName(path: string): Promise<string | undefined> {
    const name = await this.#real.linkName(path);
    if (name !== undefined) this.#keep(path, `-> ../${name}`);
    return name;
  }

  async access(path: string, mode?: 'read' | 'read-write'): Promise<Access> {
    const access = await this.#real.access(path, mode);
    if (access !== 'not-present' && !this.#files.has(path)) this.#keep(path, access === 'ok' ? '' : FORBIDDEN);
    return access;
  }

  textsBelow(folder: string, file: string): ReadonlyMap<string, string> {
    const texts = this.#real.textsBelow(folder, file);
    for (const [name, text] of texts) this.#keep(`${folder}/${name}/${file}`, text);
    return texts;
  }

  #keep(path: string, content: string): void {
    if (!SECRET.test(path)) this.#files.set(path, content.slice(0, MAX_CHARS));
  }
}
