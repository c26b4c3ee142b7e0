import { readdir, readFile, realpath, stat } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join, resolve, sep } from 'node:path';
import { checkpointProblem } from '../../domain/checkpoint-files.ts';

/** Where the Hugging Face libraries keep downloads, by their own environment variables. */
export function hubCacheFolder(env: Readonly<Record<string, string | undefined>>): string {
  return env.HF_HUB_CACHE ?? join(env.HF_HOME ?? join(homedir(), '.cache', 'huggingface'), 'hub');
}

/** Folder of a model's newest complete snapshot in a hub cache, or undefined when the cache has none. Nothing is downloaded. */
export async function findInHubCache(cache: string, modelId: string): Promise<string | undefined> {
  const repository = join(cache, `models--${modelId.replaceAll('/', '--')}`);
  const pinned = await readFile(join(repository, 'refs', 'main'), 'utf8').catch(() => '');
  const others = await readdir(join(repository, 'snapshots')).catch(() => []);
  for (const revision of [pinned.trim(), ...others].filter((name) => /^[0-9a-f]{40}$/.test(name))) {
    const folder = join(repository, 'snapshots', revision);
    if (checkpointProblem(await filesIn(folder)) === undefined) return folder;
  }
  return undefined;
}

/** Names of the files in a snapshot. A link to a blob that was not downloaded is none. */
async function filesIn(folder: string): Promise<readonly string[]> {
  const names = await readdir(folder).catch(() => []);
  const found = await Promise.all(
    names.map(async (name) => ((await stat(join(folder, name)).catch(() => undefined))?.isFile() === true ? [name] : [])),
  );
  return found.flat();
}

/** Which model a snapshot folder of a hub cache holds (`models--owner--name/snapshots/<commit>`); undefined for any other folder. */
export async function snapshotOf(folder: string): Promise<{ readonly modelId: string; readonly revision: string } | undefined> {
  const path = await realpath(folder).catch(() => resolve(folder));
  const [repository = '', snapshots = '', revision = ''] = path.split(sep).slice(-3);
  const match = /^models--(.+)$/.exec(repository);
  if (match?.[1] === undefined || snapshots !== 'snapshots' || !/^[0-9a-f]{40}$/.test(revision)) return undefined;
  return { modelId: match[1].replace('--', '/'), revision };
}
