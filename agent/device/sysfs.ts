import { readdir, readFile, readlink } from 'node:fs/promises';
import { basename, join } from 'node:path';

/** Reads small files of `/sys`, `/proc` and `/etc` below a root, so that tests can lay out any machine in a folder. */
export class Sysfs {
  readonly root: string;

  constructor(root = '/') {
    this.root = root;
  }

  /** Trimmed text, or undefined when it cannot be read or is empty. */
  async text(path: string): Promise<string | undefined> {
    try {
      const text = (await readFile(join(this.root, path), 'utf8')).trim();
      return text === '' ? undefined : text;
    } catch {
      return undefined;
    }
  }

  /** Why a file cannot be read, in the words a profile uses. */
  async whyUnreadable(path: string): Promise<'no-permission' | 'not-present'> {
    try {
      await readFile(join(this.root, path));
      return 'not-present';
    } catch (error) {
      return error instanceof Error && 'code' in error && (error.code === 'EACCES' || error.code === 'EPERM')
        ? 'no-permission'
        : 'not-present';
    }
  }

  async number(path: string): Promise<number | undefined> {
    const text = await this.text(path);
    const value = text === undefined ? Number.NaN : Number(text);
    return Number.isFinite(value) ? value : undefined;
  }

  /** Sorted names in a folder; empty when it does not exist. */
  async list(path: string): Promise<readonly string[]> {
    return (await readdir(join(this.root, path)).catch(() => [])).sort();
  }

  /** Last part of what a symbolic link points to: a device's driver, for example. */
  async linkName(path: string): Promise<string | undefined> {
    return await readlink(join(this.root, path)).then(basename, () => undefined);
  }
}
