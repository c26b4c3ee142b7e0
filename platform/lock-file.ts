import { link, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { GroveError, toGroveError } from '../domain/errors.ts';
import { identifyProcess, isSameProcess, type ProcessIdentity } from './process-identity.ts';
import { systemRandom } from './random.ts';

/** An exclusive claim on a folder. */
export interface LockFile {
  /** Frees the folder. Idempotent. */
  release(): Promise<void>;
}

/** Attempts before giving up when others keep taking over stale locks at the same moment. */
const MAX_ATTEMPTS = 20;

/**
 * Claims a folder for this process by a file that holds its pid and start time. A lock whose process is gone, even if its pid lives on in another
 * process, is taken over. Throws `already-running` while the holder lives.
 *
 * @param what who is asking, for the message: `coordinator`, `agent`.
 */
export async function acquireLockFile(path: string, what: string): Promise<LockFile> {
  const mine = await identifyProcess(process.pid);
  if (mine === undefined) throw new GroveError('internal', { problem: 'this process cannot be identified' });
  for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
    if (await createExclusively(path, JSON.stringify(mine))) return { release: () => releaseIfMine(path, mine) };
    const text = await readText(path);
    if (text === undefined) continue;
    const holder = parseIdentity(text);
    if (holder !== undefined && (await isSameProcess(holder)))
      throw new GroveError('already-running', { process: what, where: dirname(path), pid: holder.pid });
    await removeStale(path, text);
  }
  throw new GroveError('store-failed', { problem: `${path} could not be locked: other processes keep changing it` });
}

/** A hard link appears with its whole content or not at all, so a reader never sees a half-written lock. */
async function createExclusively(path: string, text: string): Promise<boolean> {
  const draft = join(dirname(path), `.lock-${systemRandom.token(8)}`);
  await writeFile(draft, text, { flag: 'wx', mode: 0o600 });
  try {
    await link(draft, path);
    return true;
  } catch (error) {
    if (codeOf(error) === 'EEXIST') return false;
    throw toGroveError(error);
  } finally {
    await rm(draft, { force: true });
  }
}

/** Two processes may both find the lock stale. Renaming lets one of them win; if what was moved is not what was read, it goes back. */
async function removeStale(path: string, staleText: string): Promise<void> {
  const aside = join(dirname(path), `.lock-${systemRandom.token(8)}`);
  try {
    await rename(path, aside);
  } catch {
    return;
  }
  if ((await readText(aside)) !== staleText) await link(aside, path).catch(() => {});
  await rm(aside, { force: true });
}

async function releaseIfMine(path: string, mine: ProcessIdentity): Promise<void> {
  const text = await readText(path);
  if (text === JSON.stringify(mine)) await rm(path, { force: true });
}

async function readText(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined;
    throw toGroveError(error);
  }
}

function parseIdentity(text: string): ProcessIdentity | undefined {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value !== 'object' || value === null || !('pid' in value) || !('startTime' in value)) return undefined;
    const { pid, startTime } = value;
    return typeof pid === 'number' && typeof startTime === 'string' ? { pid, startTime } : undefined;
  } catch {
    return undefined;
  }
}

function codeOf(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;
}
