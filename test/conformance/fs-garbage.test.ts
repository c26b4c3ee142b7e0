import { mkdtemp, readdir, rm, stat, utimes } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { FsArtifactStore } from '../../coordinator/artifacts/fs/fs-artifact-store.ts';
import { FsSweep } from '../../coordinator/artifacts/fs/fs-sweep.ts';
import { describeClaims, describeGarbage, type GarbageHarness } from './garbage.ts';

async function open(): Promise<GarbageHarness> {
  const folder = await mkdtemp(join(tmpdir(), 'grove-garbage-'));
  const store = await FsArtifactStore.open({ folder, baseUrl: () => 'http://127.0.0.1:1' });
  return {
    store,
    sweep: new FsSweep(folder),
    now: () => Date.now(),
    age: (byMs) => makeOlder(join(folder, 'sha256'), byMs),
    close: () => rm(folder, { recursive: true, force: true }),
  };
}

async function makeOlder(folder: string, byMs: number): Promise<void> {
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const path = join(entry.parentPath, entry.name);
    const seconds = ((await stat(path)).mtimeMs - byMs) / 1_000;
    await utimes(path, seconds, seconds);
  }
}

describeGarbage('a folder', open);
describeClaims('a folder', open, 60);
