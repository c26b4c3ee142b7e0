import { execFile } from 'node:child_process';
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Finished } from '../support/grove-process.ts';

const run = promisify(execFile);
const MAX_OUTPUT_BYTES = 16 * 1024 * 1024;

/**
 * A Debian with nothing but its smallest set of packages and the C++ library: no Node, npm or Python. Making one needs root and debootstrap. Commands see
 * the processes of the machine, as lab machines do; the mount ends with each command.
 */
export class MinimalRoot {
  readonly folder: string;

  private constructor(folder: string) {
    this.folder = folder;
  }

  static async make(folder: string): Promise<MinimalRoot> {
    await mkdir(folder, { recursive: true });
    await run('debootstrap', ['--variant=minbase', '--include=libstdc++6', 'bookworm', folder], { maxBuffer: MAX_OUTPUT_BYTES });
    return new MinimalRoot(folder);
  }

  /** The path outside of a path inside. */
  outside(path: string): string {
    return join(this.folder, path);
  }

  async run(command: string, ...args: readonly string[]): Promise<Finished> {
    const inside = 'mount -t proc proc "$0/proc" && mount -t tmpfs tmpfs "$0/dev/shm" && exec chroot "$0" "$@"';
    const environment = { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', HOME: '/root', LANG: 'C.UTF-8' };
    try {
      const { stdout, stderr } = await run('unshare', ['--mount', 'sh', '-c', inside, this.folder, command, ...args], {
        env: environment,
        maxBuffer: MAX_OUTPUT_BYTES,
      });
      return { code: 0, out: stdout, err: stderr };
    } catch (error) {
      if (error instanceof Error && 'stdout' in error && 'stderr' in error && 'code' in error)
        return { code: Number(error.code), out: String(error.stdout), err: String(error.stderr) };
      throw error;
    }
  }

  async remove(): Promise<void> {
    await rm(this.folder, { recursive: true, force: true });
  }
}
