import { z } from 'zod';
import type { Machine } from './machine.ts';
import { QUERIES, type QueryName } from './queries.ts';
import type { Access, Sysfs } from './sysfs.ts';

const queryNames = Object.keys(QUERIES) as [QueryName, ...QueryName[]];

/**
 * A machine as the probe sees it: what a recorder wrote down on a real one, or what somebody put together from documents. Serial numbers, machine ids
 * and process names are never in it.
 */
export const fixtureSchema = z.strictObject({
  schemaVersion: z.literal(1),
  /** `constructed`: nobody has seen this machine; it says what the documents say. */
  label: z.enum(['recorded', 'constructed']),
  /** What it stands for. */
  title: z.string().min(1).max(300),
  /** Where a constructed one comes from. */
  documents: z.array(z.string().max(300)).max(20),
  platform: z.enum(['linux', 'win32', 'darwin']),
  arch: z.enum(['x64', 'arm64']),
  /** Path without the leading slash -> content. `-> TARGET` is a symbolic link, `! no-permission` a file this user must not open. */
  files: z.record(z.string().max(400), z.string().max(100_000)),
  /** Answers of tools; one that is not named gave none. */
  answers: z.partialRecord(z.enum(queryNames), z.string().max(1_000_000)),
  /** What the probe says of GPUs and NPUs where no provider runs: `what: why`. A recorded one has none. */
  expected: z.array(z.string().max(700)).max(64).exactOptional(),
});
export type Fixture = z.infer<typeof fixtureSchema>;

const LINK = '-> ';
export const FORBIDDEN = '! no-permission';

/** The machine a fixture stands for. */
export function fixtureMachine({ platform, arch, files, answers }: Pick<Fixture, 'platform' | 'arch' | 'files' | 'answers'>): Machine {
  return { platform, arch, sysfs: new FixtureSysfs(files), query: async (name) => answers[name] };
}

class FixtureSysfs implements Sysfs {
  readonly #files: Readonly<Record<string, string>>;

  constructor(files: Readonly<Record<string, string>>) {
    this.#files = files;
  }

  async text(path: string): Promise<string | undefined> {
    return this.#read(path)?.trim() || undefined;
  }

  async whyUnreadable(path: string): Promise<'no-permission' | 'not-present'> {
    return this.#files[path] === FORBIDDEN ? 'no-permission' : 'not-present';
  }

  async list(path: string): Promise<readonly string[]> {
    return this.#names(path);
  }

  async linkName(path: string): Promise<string | undefined> {
    const content = this.#files[path];
    return content?.startsWith(LINK) ? content.slice(content.lastIndexOf('/') + 1) : undefined;
  }

  async access(path: string): Promise<Access> {
    if (this.#files[path] === FORBIDDEN) return 'no-permission';
    return path in this.#files || this.#names(path).length > 0 ? 'ok' : 'not-present';
  }

  textsBelow(folder: string, file: string): ReadonlyMap<string, string> {
    const found = this.#names(folder).map((name) => [name, this.#read(`${folder}/${name}/${file}`)] as const);
    return new Map(found.filter((entry): entry is readonly [string, string] => entry[1] !== undefined));
  }

  #read(path: string): string | undefined {
    const content = this.#files[path];
    return content === FORBIDDEN || content?.startsWith(LINK) ? undefined : content;
  }

  #names(folder: string): readonly string[] {
    const inside = Object.keys(this.#files).filter((path) => path.startsWith(`${folder}/`));
    return [...new Set(inside.map((path) => path.slice(folder.length + 1).split('/')[0] ?? ''))].sort();
  }
}
