import { readdirSync, readFileSync } from 'node:fs';
import { access, constants, readdir, readFile, readlink } from 'node:fs/promises';
import { basename, join } from 'node:path';

/** Whether something can be used, or why not. */
export type Access = 'ok' | 'no-permission' | 'not-present';

/**
 * Small files of `/sys`, `/proc`, `/etc` and `/dev`, by their paths without the leading slash. Everything the probe and the gates know of a Linux
 * machine comes through here, so that a fixture can stand for any machine.
 */
export interface Sysfs {
  /** Trimmed text, or undefined when it cannot be read or is empty. */
  text(path: string): Promise<string | undefined>;
  /** Why a file cannot be read, in the words a profile uses. */
  whyUnreadable(path: string): Promise<'no-permission' | 'not-present'>;
  /** Sorted names in a folder; empty when it does not exist. */
  list(path: string): Promise<readonly string[]>;
  /** Last part of what a symbolic link points to: a device's driver, for example. */
  linkName(path: string): Promise<string | undefined>;
  /** Whether this user may read, and write if asked, a file or device node. */
  access(path: string, mode?: 'read' | 'read-write'): Promise<Access>;
  /**
   * One small file of every numbered folder below another, by the folder's name: `proc` with `stat` reads every process. In one go: hundreds of
   * asynchronous reads cost more than they read.
   */
  textsBelow(folder: string, file: string): ReadonlyMap<string, string>;
}

/** A finite number in a file of {@link Sysfs}. */
export async function numberIn(sysfs: Pick<Sysfs, 'text'>, path: string): Promise<number | undefined> {
  const text = await sysfs.text(path);
  const value = text === undefined ? Number.NaN : Number(text);
  return Number.isFinite(value) ? value : undefined;
}

/** The machine this runs on, or what lies below another root. */
export class RootedSysfs implements Sysfs {
  readonly #root: string;

  constructor(root = '/') {
    this.#root = root;
  }

  async text(path: string): Promise<string | undefined> {
    try {
      const text = (await readFile(join(this.#root, path), 'utf8')).trim();
      return text === '' ? undefined : text;
    } catch {
      return undefined;
    }
  }

  async whyUnreadable(path: string): Promise<'no-permission' | 'not-present'> {
    try {
      await readFile(join(this.#root, path));
      return 'not-present';
    } catch (error) {
      return reasonOf(error);
    }
  }

  async list(path: string): Promise<readonly string[]> {
    return (await readdir(join(this.#root, path)).catch(() => [])).sort();
  }

  async linkName(path: string): Promise<string | undefined> {
    return await readlink(join(this.#root, path)).then(basename, () => undefined);
  }

  async access(path: string, mode: 'read' | 'read-write' = 'read'): Promise<Access> {
    const wanted = mode === 'read' ? constants.R_OK : constants.R_OK | constants.W_OK;
    return await access(join(this.#root, path), wanted).then(() => 'ok' as const, reasonOf);
  }

  textsBelow(folder: string, file: string): ReadonlyMap<string, string> {
    const texts = new Map<string, string>();
    for (const name of namesIn(join(this.#root, folder))) {
      try {
        texts.set(name, readFileSync(join(this.#root, folder, name, file), 'utf8'));
      } catch {
        // A process that has just ended, or something that is no folder.
      }
    }
    return texts;
  }
}

/** Processes and processors. */
const NUMBERED = /^(?:cpu)?\d+$/;

function namesIn(folder: string): readonly string[] {
  try {
    return readdirSync(folder).filter((name) => NUMBERED.test(name));
  } catch {
    return [];
  }
}

function reasonOf(error: unknown): 'no-permission' | 'not-present' {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  return code === 'EACCES' || code === 'EPERM' ? 'no-permission' : 'not-present';
}
