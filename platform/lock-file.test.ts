import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { acquireLockFile } from './lock-file.ts';

describe('acquireLockFile', () => {
  let folder = '';
  let path = '';
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'grove-lock-'));
    path = join(folder, 'agent.lock');
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  it('refuses a second holder and names the first', async () => {
    const lock = await acquireLockFile(path, 'agent');
    await expect(acquireLockFile(path, 'agent')).rejects.toMatchObject({ code: 'already-running', params: { pid: process.pid } });
    await lock.release();
  });

  it('is free again after release, and leaves nothing behind', async () => {
    const lock = await acquireLockFile(path, 'agent');
    await lock.release();
    await lock.release();
    expect(await readdir(folder)).toEqual([]);
    await (await acquireLockFile(path, 'agent')).release();
  });

  it.each([
    ['whose process is gone', JSON.stringify({ pid: 2 ** 22 + 1, startTime: 'x:1' })],
    ['whose pid now belongs to another process', JSON.stringify({ pid: process.pid, startTime: 'an earlier boot:1' })],
    ['that is not JSON', '{"pid":'],
    ['that is empty', ''],
  ])('takes over a lock %s', async (_, text) => {
    await writeFile(path, text);
    await (await acquireLockFile(path, 'agent')).release();
    expect(await readdir(folder)).toEqual([]);
  });

  it('lets exactly one of many take over a stale lock', async () => {
    await writeFile(path, JSON.stringify({ pid: 2 ** 22 + 1, startTime: 'x:1' }));
    const outcomes = await Promise.allSettled(Array.from({ length: 8 }, () => acquireLockFile(path, 'agent')));
    expect(outcomes.filter((outcome) => outcome.status === 'fulfilled')).toHaveLength(1);
  });
});
