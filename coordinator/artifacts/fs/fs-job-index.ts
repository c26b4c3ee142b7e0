import { mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ArchivedJobEntry, JobIndex } from '../artifact-store.ts';
import { indexName, readIndexName } from '../index-names.ts';
import { withFolder } from './with-folder.ts';

/** Empty files in a folder beside the blobs. */
export class FsJobIndex implements JobIndex {
  readonly #folder: string;

  /** @param folder of the artifact store. */
  constructor(folder: string) {
    this.#folder = join(folder, 'jobs');
  }

  async add(entry: ArchivedJobEntry): Promise<void> {
    const path = join(this.#folder, indexName(entry));
    await withFolder(path, () => writeFile(path, '', { flush: true }));
  }

  async *entries(jobId?: string): AsyncGenerator<ArchivedJobEntry> {
    await mkdir(this.#folder, { recursive: true, mode: 0o700 });
    for (const name of (await readdir(this.#folder)).sort()) {
      const entry = readIndexName(name);
      if (entry !== undefined && (jobId === undefined || entry.jobId === jobId)) yield entry;
    }
  }

  async remove(entry: ArchivedJobEntry): Promise<void> {
    await rm(join(this.#folder, indexName(entry)), { force: true });
  }
}
