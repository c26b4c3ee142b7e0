import { randomBytes } from 'node:crypto';
import { readdir, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { EpochMs } from '../../../domain/ports.ts';
import type { StoredBlob, Sweepable } from '../gc/sweepable.ts';

/** Garbage collection of a folder of blobs. A claim renews a file's time of change; a half-written upload ends with its coordinator. */
export class FsSweep implements Sweepable {
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = folder;
  }

  async *blobs(): AsyncGenerator<StoredBlob> {
    const root = join(this.#folder, 'sha256');
    for (const start of (await readdir(root)).sort()) {
      for (const rest of (await readdir(join(root, start))).sort()) {
        const blob = await this.#look(start + rest);
        if (blob !== undefined) yield blob;
      }
    }
  }

  async removeUnclaimed(blobs: readonly StoredBlob[], before: EpochMs): Promise<readonly StoredBlob[]> {
    const removed: StoredBlob[] = [];
    for (const blob of blobs) if (await this.#removeUnclaimed(blob, before)) removed.push(blob);
    return removed;
  }

  /** What an interrupted upload leaves goes at the next start; the uploads under way are none of ours. */
  async dropUnfinished(): Promise<number> {
    return 0;
  }

  /** Out of sight first: a claim that comes now finds nothing, one that came just before shows in the file's time. */
  async #removeUnclaimed({ sha256 }: StoredBlob, before: EpochMs): Promise<boolean> {
    const seen = await this.#look(sha256);
    if (seen === undefined || seen.storedAt >= before) return false;
    const path = this.#pathOf(sha256);
    const aside = join(this.#folder, 'incoming', `gc-${randomBytes(8).toString('hex')}`);
    await rename(path, aside);
    if ((await stat(aside)).mtimeMs >= before) {
      await rename(aside, path);
      return false;
    }
    await rm(aside);
    return true;
  }

  async #look(sha256: string): Promise<StoredBlob | undefined> {
    const found = await stat(this.#pathOf(sha256)).catch(() => undefined);
    return found === undefined ? undefined : { sha256, sizeBytes: found.size, storedAt: found.mtimeMs };
  }

  #pathOf(sha256: string): string {
    return join(this.#folder, 'sha256', sha256.slice(0, 2), sha256.slice(2));
  }
}
