import { mkdir, stat } from 'node:fs/promises';
import { isAbsolute, join } from 'node:path';
import { GroveError } from '../domain/errors.ts';

/** What decides where Grove keeps its data when nothing is configured. */
export interface DataFolderFacts {
  readonly platform: NodeJS.Platform;
  readonly home: string;
  readonly env: Readonly<Record<string, string | undefined>>;
}

/**
 * Default of `GROVE_DATA`. Linux and other POSIX: `$XDG_DATA_HOME/grove`, else `~/.local/share/grove`. macOS: `~/Library/Application Support/grove`.
 * Windows: `%LOCALAPPDATA%\grove`, else `~\AppData\Local\grove`.
 */
export function defaultDataFolder({ platform, home, env }: DataFolderFacts): string {
  if (platform === 'win32') return join(env['LOCALAPPDATA'] || join(home, 'AppData', 'Local'), 'grove');
  if (platform === 'darwin') return join(home, 'Library', 'Application Support', 'grove');
  const xdg = env['XDG_DATA_HOME'];
  // The XDG specification has relative values ignored.
  return join(xdg !== undefined && isAbsolute(xdg) ? xdg : join(home, '.local', 'share'), 'grove');
}

/**
 * Creates a data folder that only its owner may enter (0700; Windows inherits the profile's access list) and returns its path. A folder that is there
 * already keeps its permissions: it may hold more than Grove's data. Throws `invalid-config` when the path is relative, is not a folder or cannot be
 * made.
 */
export async function openDataFolder(path: string): Promise<string> {
  if (!isAbsolute(path)) throw new GroveError('invalid-config', { where: `GROVE_DATA (${path})`, problem: 'it must be an absolute path' });
  try {
    await mkdir(path, { recursive: true, mode: 0o700 });
    if (!(await stat(path)).isDirectory()) throw new Error('it is not a folder');
    return path;
  } catch (cause) {
    throw new GroveError(
      'invalid-config',
      { where: `GROVE_DATA (${path})`, problem: cause instanceof Error ? cause.message : String(cause) },
      { cause },
    );
  }
}
