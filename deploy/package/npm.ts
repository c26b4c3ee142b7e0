import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** Runs npm in a folder and answers what it printed. Throws with npm's own words. */
export type Npm = (folder: string, args: readonly string[]) => Promise<string>;

/** What building an archive uses: npm, and a folder that is removed afterwards. */
export interface BuildTools {
  readonly npm: Npm;
  readonly scratch: string;
}

/** The npm whose script is at `cli`, started through Node: no shell, and no `npm.cmd` on Windows. */
export function npmAt(cli: string): Npm {
  return async (folder, args) => {
    const { stdout } = await run(process.execPath, [cli, ...args], { cwd: folder, maxBuffer: 64 * 1024 * 1024 });
    return stdout;
  };
}
