import { stat } from 'node:fs/promises';
import { GroveError } from '../domain/errors.ts';
import { runTool } from './run-tool.ts';

/** Owner and system, whatever their names are in the machine's language. */
const WINDOWS_READERS = ['*S-1-3-4:F', '*S-1-5-18:F'];

/**
 * Makes sure that only its owner reads a file that holds a secret: elsewhere than on Windows its mode must say so, there inherited rights are taken
 * away. Throws `invalid-config` when others may read it.
 */
export async function requireOwnerOnly(path: string): Promise<void> {
  if (process.platform === 'win32') return await restrictOnWindows(path);
  const { mode } = await stat(path);
  if ((mode & 0o077) === 0) return;
  const problem = `others may read it (mode ${(mode & 0o777).toString(8)}); run: chmod 600 "${path}"`;
  throw new GroveError('invalid-config', { where: path, problem });
}

async function restrictOnWindows(path: string): Promise<void> {
  const answer = await runTool('icacls', [path, '/inheritance:r', '/grant:r', ...WINDOWS_READERS]);
  if (answer === undefined)
    throw new GroveError('invalid-config', { where: path, problem: 'its access list cannot be set, so others might read it' });
}
