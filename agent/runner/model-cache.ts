import { copyFile, link, mkdir, readdir, rename, rm, stat, statfs, utimes } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { GroveError } from '../../domain/errors.ts';
import { assertPortablePath, type Blob, type FileMap } from '../../domain/manifest.ts';
import type { Clock } from '../../domain/ports.ts';
import { sha256File } from '../../platform/sha256.ts';
import type { AgentLog } from '../log-events.ts';

/** Brings a blob to `path`, continuing a partial file that is already there. */
export type Download = (blob: Blob, path: string) => Promise<void>;

export interface ModelCacheOptions {
  readonly folder: string;
  readonly maxBytes: number;
  readonly minFreeBytes: number;
  readonly clock: Clock;
  readonly log: AgentLog;
}

interface Entry {
  readonly sizeBytes: number;
  usedMs: number;
}

/**
 * Content-addressed files of tasks on this machine: `sha256/ab/cdef...`, partial downloads beside them. Bounded; the least recently used goes first, and
 * never one that a running task has pinned. What is in it was verified when it came.
 */
export class ModelCache {
  readonly #options: ModelCacheOptions;
  readonly #entries = new Map<string, Entry>();
  readonly #pins = new Map<string, number>();
  readonly #downloads = new Map<string, Promise<void>>();

  private constructor(options: ModelCacheOptions) {
    this.#options = options;
  }

  /** Reads what is there; times of last use come from the files' modification times. */
  static async open(options: ModelCacheOptions): Promise<ModelCache> {
    const cache = new ModelCache(options);
    await mkdir(join(options.folder, 'partial'), { recursive: true });
    await mkdir(join(options.folder, 'sha256'), { recursive: true });
    for (const prefix of await readdir(join(options.folder, 'sha256'))) await cache.#index(prefix);
    await cache.#makeRoom(0);
    return cache;
  }

  /** Bytes held, pinned or not. */
  get sizeBytes(): number {
    return [...this.#entries.values()].reduce((sum, entry) => sum + entry.sizeBytes, 0);
  }

  has(sha256: string): boolean {
    return this.#entries.has(sha256);
  }

  /** Keeps these blobs from being evicted until the returned function is called. */
  pin(blobs: Iterable<Pick<Blob, 'sha256'>>): () => void {
    const digests = [...new Set([...blobs].map(({ sha256 }) => sha256))];
    for (const sha256 of digests) this.#pins.set(sha256, (this.#pins.get(sha256) ?? 0) + 1);
    let pinned = true;
    return () => {
      if (pinned) for (const sha256 of digests) this.#unpin(sha256);
      pinned = false;
    };
  }

  /**
   * Makes sure a blob is here and returns its path. Several callers share one download; when it fails, perhaps because its task was cancelled, the
   * others try for themselves. Throws `low-disk`, the signal's reason, or what the own download throws; a blob whose bytes are wrong is removed and
   * reported as `transfer-failed`.
   *
   * @param signal ends the wait for somebody else's download; the own one ends itself.
   */
  async ensure(blob: Blob, download: Download, signal: AbortSignal): Promise<string> {
    for (;;) {
      signal.throwIfAborted();
      const entry = this.#entries.get(blob.sha256);
      if (entry !== undefined) {
        await this.#touch(blob.sha256, entry);
        return this.#pathOf(blob.sha256);
      }
      const running = this.#downloads.get(blob.sha256);
      if (running === undefined) await this.#fetchOnce(blob, download);
      else await untilSettled(running, signal);
    }
  }

  /** Lays out cached blobs as a folder of relative paths: hard links where the file system can, copies elsewhere. All must be here. */
  async place(files: FileMap, folder: string): Promise<void> {
    for (const [path, blob] of Object.entries(files)) {
      assertPortablePath(path);
      const target = join(folder, ...path.split('/'));
      await mkdir(dirname(target), { recursive: true });
      await link(this.#pathOf(blob.sha256), target).catch(() => copyFile(this.#pathOf(blob.sha256), target));
    }
  }

  /** Drops a blob whose bytes turned out to be wrong. */
  async discard(sha256: string): Promise<void> {
    this.#entries.delete(sha256);
    await rm(this.#pathOf(sha256), { force: true });
  }

  /** Throws `low-disk` when storing `neededBytes` more would leave the file system too little. Evicts first if that helps. */
  async assertSpace(neededBytes: number): Promise<void> {
    const { folder, minFreeBytes } = this.#options;
    await this.#evict(neededBytes + minFreeBytes - (await this.#freeBytes()));
    const freeBytes = await this.#freeBytes();
    if (freeBytes - neededBytes < minFreeBytes)
      throw new GroveError('low-disk', { where: folder, freeBytes, neededBytes: neededBytes + minFreeBytes });
  }

  #fetchOnce(blob: Blob, download: Download): Promise<void> {
    const running = this.#fetch(blob, download).finally(() => this.#downloads.delete(blob.sha256));
    this.#downloads.set(blob.sha256, running);
    return running;
  }

  async #fetch(blob: Blob, download: Download): Promise<void> {
    await this.assertSpace(blob.sizeBytes);
    await this.#makeRoom(blob.sizeBytes);
    const partial = join(this.#options.folder, 'partial', blob.sha256);
    await download(blob, partial);
    const actual = await sha256File(partial);
    if (actual.sha256 !== blob.sha256 || actual.sizeBytes !== blob.sizeBytes) {
      await rm(partial, { force: true });
      throw new GroveError('transfer-failed', {
        what: `blob ${blob.sha256.slice(0, 12)}`,
        problem: `${actual.sizeBytes} bytes with SHA-256 ${actual.sha256.slice(0, 12)} arrived`,
      });
    }
    await mkdir(dirname(this.#pathOf(blob.sha256)), { recursive: true });
    await rename(partial, this.#pathOf(blob.sha256));
    this.#entries.set(blob.sha256, { sizeBytes: blob.sizeBytes, usedMs: this.#options.clock.now() });
  }

  /** Room for `neededBytes` more below the bound. */
  #makeRoom(neededBytes: number): Promise<void> {
    return this.#evict(this.sizeBytes + neededBytes - this.#options.maxBytes);
  }

  /** Least recently used first, until `excessBytes` are gone or only pinned blobs are left: a leased task is never starved by its own cache. */
  async #evict(excessBytes: number): Promise<void> {
    if (excessBytes <= 0) return;
    const evictable = [...this.#entries].filter(([sha256]) => !this.#pins.has(sha256)).sort(([, a], [, b]) => a.usedMs - b.usedMs);
    let freedBytes = 0;
    for (const [sha256, { sizeBytes }] of evictable) {
      if (freedBytes >= excessBytes) return;
      await this.discard(sha256);
      this.#options.log.blobEvicted({ sha256, sizeBytes });
      freedBytes += sizeBytes;
    }
  }

  async #touch(sha256: string, entry: Entry): Promise<void> {
    entry.usedMs = this.#options.clock.now();
    const time = new Date(entry.usedMs);
    await utimes(this.#pathOf(sha256), time, time);
  }

  #unpin(sha256: string): void {
    const pins = (this.#pins.get(sha256) ?? 0) - 1;
    if (pins > 0) this.#pins.set(sha256, pins);
    else this.#pins.delete(sha256);
  }

  async #index(prefix: string): Promise<void> {
    for (const rest of await readdir(join(this.#options.folder, 'sha256', prefix))) {
      const { size, mtimeMs } = await stat(this.#pathOf(prefix + rest));
      this.#entries.set(prefix + rest, { sizeBytes: size, usedMs: mtimeMs });
    }
  }

  async #freeBytes(): Promise<number> {
    const { bavail, bsize } = await statfs(this.#options.folder);
    return bavail * bsize;
  }

  #pathOf(sha256: string): string {
    return join(this.#options.folder, 'sha256', sha256.slice(0, 2), sha256.slice(2));
  }
}

/** Resolves when `work` has ended, well or not, or the signal aborts. */
async function untilSettled(work: Promise<void>, signal: AbortSignal): Promise<void> {
  let wake = () => {};
  const aborted = new Promise<void>((resolve) => {
    wake = resolve;
    signal.addEventListener('abort', wake, { once: true });
  });
  await Promise.race([work.catch(() => {}), aborted]);
  signal.removeEventListener('abort', wake);
}
