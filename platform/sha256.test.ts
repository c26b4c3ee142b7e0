import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { sha256, sha256File } from './sha256.ts';

describe('sha256', () => {
  let folder = '';
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'grove-sha256-'));
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  it('gives the FIPS 180-2 example digest of "abc"', () => {
    expect(sha256('abc')).toBe('ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad');
  });

  it('gives a file of several chunks the digest and size of its bytes', async () => {
    const bytes = Buffer.alloc(3_000_001, 7);
    const path = join(folder, 'large');
    await writeFile(path, bytes);
    expect(await sha256File(path)).toEqual({ sha256: sha256(bytes), sizeBytes: bytes.byteLength });
  });

  it('stops reading when aborted', async () => {
    const path = join(folder, 'aborted');
    await writeFile(path, Buffer.alloc(1_000));
    await expect(sha256File(path, AbortSignal.abort())).rejects.toThrow(/abort/i);
  });
});
