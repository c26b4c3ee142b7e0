import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Clock } from '../../domain/ports.ts';
import { createSystemClock } from '../../platform/clock.ts';
import { stageContext } from '../runner/task-context.cases.ts';
import { BlobServer } from './blob-server.cases.ts';
import { fetchFiles, GRANT_BATCH } from './download.ts';
import { filesBelow, uploadFiles } from './upload.ts';

describe('files between an agent and the artifact store', () => {
  let folder = '';
  let server: BlobServer;
  let asked: number[];
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'grove-transfer-'));
    server = await BlobServer.start();
    asked = [];
  });
  afterEach(async () => {
    await server.stop();
    await rm(folder, { recursive: true, force: true });
  });

  /** Pauses take no time. */
  const impatient: Clock = { ...createSystemClock(), after: (_delayMs, callback) => createSystemClock().after(0, callback) };

  function context(signal?: AbortSignal) {
    const grants: Parameters<typeof stageContext>[0]['grants'] = (direction, blobs) => {
      asked.push(blobs.length);
      return server.grants(direction, blobs);
    };
    return stageContext({ folder, grants, clock: impatient, ...(signal && { signal }) });
  }

  describe('coming down', () => {
    const target = () => ({ folder: join(folder, 'model') });

    it('are laid out as their manifest says, equal content fetched once', async () => {
      const [a, b] = [server.add('weights'), server.add('graph')];
      await fetchFiles({ 'model.onnx': b, 'weights/a.bin': a, 'weights/b.bin': a }, await context(), target());
      expect(await readFile(join(folder, 'model', 'weights', 'b.bin'), 'utf8')).toBe('weights');
      expect(server.requests).toHaveLength(2);
    });

    it('continue where a connection broke', async () => {
      const blob = server.add('x'.repeat(100_000));
      [server.breakNext, server.breaksWhenTold] = [1, true];
      const onBytes = (doneBytes: number) => doneBytes > 0 && server.breakNow();
      await fetchFiles({ 'model.bin': blob }, await context(), { ...target(), onBytes });
      expect(server.requests[0]).toBe('GET 0-');
      expect(server.requests[1]).toMatch(/^GET [1-9]\d*-$/);
      expect(asked).toEqual([1, 1]);
    });

    it('start again when the store cannot continue', async () => {
      const blob = server.add('x'.repeat(100_000));
      [server.breakNext, server.supportsRange] = [1, false];
      await fetchFiles({ 'model.bin': blob }, await context(), target());
      expect((await readFile(join(folder, 'model', 'model.bin'))).byteLength).toBe(100_000);
    });

    it('fail after a few tries, with the reason', async () => {
      server.refuseWith = 503;
      const outcome = fetchFiles({ 'model.bin': server.add('x') }, await context(), target());
      await expect(outcome).rejects.toMatchObject({
        code: 'transfer-failed',
        message: expect.stringContaining('HTTP 503 refused on purpose'),
      });
      expect(server.requests).toHaveLength(5);
    });

    it('are refused when they are longer than promised', async () => {
      const blob = server.add('much longer than promised');
      const outcome = fetchFiles({ 'model.bin': { ...blob, sizeBytes: 3 } }, await context(), target());
      await expect(outcome).rejects.toMatchObject({ code: 'transfer-failed', message: expect.stringContaining('more than its 3 bytes') });
    });

    it('are asked for in batches, and not at all when they are here', async () => {
      const blobs = Array.from({ length: GRANT_BATCH + 1 }, (_, index) => server.add(`file ${index}`));
      const files = Object.fromEntries(blobs.map((blob, index) => [`${index}.bin`, blob]));
      const once = await context();
      await fetchFiles(files, once, target());
      expect(asked).toEqual([GRANT_BATCH, 1]);
      await fetchFiles(files, once, { folder: join(folder, 'again') });
      expect(asked).toHaveLength(2);
    });

    it('stop when the task is stopped', async () => {
      const stopped = context(AbortSignal.abort(new Error('cancelled')));
      await expect(fetchFiles({ 'model.bin': server.add('x') }, await stopped, target())).rejects.toThrow('cancelled');
    });
  });

  describe('going up', () => {
    beforeEach(async () => {
      await mkdir(join(folder, 'out', 'data'), { recursive: true });
      await writeFile(join(folder, 'out', 'model.onnx'), 'graph');
      await writeFile(join(folder, 'out', 'data', 'weights.bin'), 'weights');
    });

    it('become a manifest, without those the store has', async () => {
      const present = server.add('graph');
      const files = await uploadFiles(await filesBelow(join(folder, 'out')), await context());
      expect(files).toEqual({ 'model.onnx': present, 'data/weights.bin': { sha256: expect.any(String), sizeBytes: 7 } });
      expect(server.requests).toEqual(['PUT']);
      expect(server.blobs.get(files['data/weights.bin']?.sha256 ?? '')?.toString()).toBe('weights');
    });

    it('are tried again when a connection breaks', async () => {
      server.breakNext = 1;
      await uploadFiles({ 'model.onnx': join(folder, 'out', 'model.onnx') }, await context());
      expect(server.requests).toEqual(['PUT', 'PUT']);
    });

    it('go in parts when the store asks for it, and are stored once it has proven them', async () => {
      server.partBytes = 3;
      const files = await uploadFiles(await filesBelow(join(folder, 'out')), await context());
      expect(server.blobs.get(files['data/weights.bin']?.sha256 ?? '')?.toString()).toBe('weights');
      expect(server.requests).toEqual(['PUT', 'PUT', 'PUT', 'PUT', 'PUT']);
    });

    it('send only the parts that did not arrive', async () => {
      [server.partBytes, server.breakNext] = [3, 1];
      await uploadFiles({ 'weights.bin': join(folder, 'out', 'data', 'weights.bin') }, await context());
      expect(server.requests).toEqual(['PUT', 'PUT', 'PUT', 'PUT']);
    });

    it('are sent again when they arrived changed', async () => {
      [server.partBytes, server.changeNextPart] = [4, true];
      const files = await uploadFiles({ 'weights.bin': join(folder, 'out', 'data', 'weights.bin') }, await context());
      expect(server.blobs.get(files['weights.bin']?.sha256 ?? '')?.toString()).toBe('weights');
      expect(server.requests).toHaveLength(4);
    });

    it('fail with the reason', async () => {
      server.refuseWith = 403;
      const outcome = uploadFiles({ 'model.onnx': join(folder, 'out', 'model.onnx') }, await context());
      await expect(outcome).rejects.toMatchObject({ code: 'transfer-failed', message: expect.stringContaining('HTTP 403') });
    });
  });
});
