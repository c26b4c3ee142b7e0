import { mkdtemp, readdir, readFile, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Blob } from '../../domain/manifest.ts';
import { sha256 } from '../../platform/sha256.ts';
import { createAgentLog } from '../log-events.ts';
import { VirtualClock } from '../virtual-clock.cases.ts';
import { type Download, ModelCache } from './model-cache.ts';

function blobOf(text: string): Blob {
  return { sha256: sha256(text), sizeBytes: Buffer.byteLength(text) };
}

describe('ModelCache', () => {
  let folder = '';
  let clock: VirtualClock;
  let downloads: string[];
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'grove-cache-'));
    clock = new VirtualClock();
    downloads = [];
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  function open(change: { readonly maxBytes?: number; readonly minFreeBytes?: number } = {}): Promise<ModelCache> {
    const log = createAgentLog('silent', { write: () => {} });
    return ModelCache.open({ folder, maxBytes: 1_000, minFreeBytes: 0, clock, log, ...change });
  }

  const { signal } = new AbortController();

  function bringing(text: string): Download {
    return async ({ sha256: digest }, path) => {
      downloads.push(digest);
      await writeFile(path, text);
    };
  }

  async function add(cache: ModelCache, text: string): Promise<void> {
    await clock.advance(1_000);
    await cache.ensure(blobOf(text), bringing(text), signal);
  }

  it('downloads a blob once, also when two tasks want it at the same time', async () => {
    const cache = await open();
    const paths = await Promise.all([
      cache.ensure(blobOf('weights'), bringing('weights'), signal),
      cache.ensure(blobOf('weights'), bringing('weights'), signal),
    ]);
    await add(cache, 'weights');
    expect(downloads).toHaveLength(1);
    expect(await readFile(paths[1], 'utf8')).toBe('weights');
  });

  it("does not fail one task for another's cancelled download", async () => {
    const cache = await open();
    let cancel: ((reason: Error) => void) | undefined;
    const endless: Download = () => new Promise((_, reject) => (cancel = reject));
    const cancelled = cache.ensure(blobOf('weights'), endless, signal);
    await expect.poll(() => cancel).toBeDefined();
    const other = cache.ensure(blobOf('weights'), bringing('weights'), signal);
    const failure = expect(cancelled).rejects.toThrow('cancelled');
    cancel?.(new Error('cancelled'));
    await failure;
    expect(await readFile(await other, 'utf8')).toBe('weights');
  });

  it("does not keep a cancelled task waiting for another's download", async () => {
    const cache = await open();
    let finish: (() => void) | undefined;
    const slow: Download = (_, path) => new Promise<void>((resolve) => (finish = resolve)).then(() => writeFile(path, 'weights'));
    const downloading = cache.ensure(blobOf('weights'), slow, signal);
    const controller = new AbortController();
    const waiting = expect(cache.ensure(blobOf('weights'), bringing('weights'), controller.signal)).rejects.toThrow('cancelled');
    controller.abort(new Error('cancelled'));
    await waiting;
    await expect.poll(() => finish).toBeDefined();
    finish?.();
    expect(await readFile(await downloading, 'utf8')).toBe('weights');
  });

  it('refuses wrong bytes and forgets them', async () => {
    const cache = await open();
    await expect(cache.ensure(blobOf('right'), bringing('wrong'), signal)).rejects.toMatchObject({ code: 'transfer-failed' });
    expect(cache.has(blobOf('right').sha256)).toBe(false);
    expect(await readdir(join(folder, 'partial'))).toEqual([]);
    await cache.ensure(blobOf('right'), bringing('right'), signal);
  });

  it('keeps a broken download for the next try', async () => {
    const cache = await open();
    const breaking: Download = async (_, path) => {
      await writeFile(path, 'wei');
      throw new Error('the connection broke');
    };
    await expect(cache.ensure(blobOf('weights'), breaking, signal)).rejects.toThrow('the connection broke');
    const resuming: Download = async (_, path) => writeFile(path, `${await readFile(path, 'utf8')}ghts`);
    expect(await readFile(await cache.ensure(blobOf('weights'), resuming, signal), 'utf8')).toBe('weights');
  });

  it('evicts the least recently used first, and never what a task has pinned', async () => {
    const cache = await open({ maxBytes: 30 });
    const [a, b, c, d] = ['a'.repeat(10), 'b'.repeat(10), 'c'.repeat(10), 'd'.repeat(10)];
    for (const text of [a, b, c]) await add(cache, text);
    const unpin = cache.pin([blobOf(b)]);
    await add(cache, a);
    await add(cache, d);
    expect([a, b, c, d].map((text) => cache.has(blobOf(text).sha256))).toEqual([true, true, false, true]);
    unpin();
    unpin();
    await add(cache, c);
    expect(cache.has(blobOf(b).sha256)).toBe(false);
    expect(cache.sizeBytes).toBe(30);
  });

  it('lets a leased task have more than the bound rather than starve it', async () => {
    const cache = await open({ maxBytes: 10 });
    const texts = ['a'.repeat(10), 'b'.repeat(10)];
    cache.pin(texts.map(blobOf));
    for (const text of texts) await add(cache, text);
    expect(cache.sizeBytes).toBe(20);
  });

  it('finds its blobs and their order of use after a restart', async () => {
    const first = await open();
    for (const text of ['older', 'newer']) {
      const path = await first.ensure(blobOf(text), bringing(text), signal);
      await utimes(path, 1, text === 'older' ? 1 : 2);
    }
    const second = await open({ maxBytes: 5 });
    expect([blobOf('older'), blobOf('newer')].map(({ sha256: digest }) => second.has(digest))).toEqual([false, true]);
  });

  it('lays blobs out as a folder, and discards one that is damaged', async () => {
    const cache = await open();
    await add(cache, 'weights');
    await cache.place({ 'model/weights.bin': blobOf('weights') }, join(folder, 'task'));
    expect(await readFile(join(folder, 'task', 'model', 'weights.bin'), 'utf8')).toBe('weights');
    await expect(cache.place({ '../escape': blobOf('weights') }, join(folder, 'task'))).rejects.toMatchObject({ code: 'unsafe-path' });
    await cache.discard(blobOf('weights').sha256);
    expect(cache.has(blobOf('weights').sha256)).toBe(false);
  });

  it('refuses a download that would fill the disk', async () => {
    const cache = await open({ minFreeBytes: Number.MAX_SAFE_INTEGER });
    await expect(cache.ensure(blobOf('weights'), bringing('weights'), signal)).rejects.toMatchObject({ code: 'low-disk' });
    expect(downloads).toEqual([]);
  });
});
