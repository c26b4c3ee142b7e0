import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { INSTALLATION_FOLDER } from '../platform/installation.ts';

/** Everything the benches write, on the disk of the checkout: a temporary folder in memory would make syncing free. */
export const BENCH_FOLDER = join(INSTALLATION_FOLDER, '.grove', 'bench');

/** Path of a bench program as `main.ts` compiled it. */
export function compiled(program: string): string {
  return join(BENCH_FOLDER, 'build', 'bench', program);
}

/** Runs `work` in a fresh folder that is gone afterwards. */
export async function inFreshFolder<T>(work: (folder: string) => Promise<T>): Promise<T> {
  await mkdir(BENCH_FOLDER, { recursive: true });
  const folder = await mkdtemp(join(BENCH_FOLDER, 'run-'));
  try {
    return await work(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
