import { mkdtemp, readdir, readFile, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { GroveError } from '../../../domain/errors.ts';
import { FsArtifactStore } from './fs-artifact-store.ts';

const BYTES = new TextEncoder().encode('a model');

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'grove-artifacts-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const openStore = () => FsArtifactStore.open({ folder, baseUrl: () => 'http://127.0.0.1:1' });

function signedRequest(url: string) {
  const { pathname, searchParams } = new URL(url);
  const blob = { sha256: pathname.split('/').at(-1) ?? '', sizeBytes: Number(searchParams.get('size')) };
  return { method: 'PUT', blob, expiresAt: Number(searchParams.get('exp')), signature: searchParams.get('sig') ?? '' } as const;
}

describe('a folder of blobs', () => {
  it('names each file by its digest', async () => {
    const store = await openStore();
    const { sha256 } = await store.put(BYTES);
    expect(await readFile(join(folder, 'sha256', sha256.slice(0, 2), sha256.slice(2)))).toEqual(Buffer.from(BYTES));
  });

  it('forgets at its start what a crash left half-written', async () => {
    await openStore();
    await writeFile(join(folder, 'incoming', 'half'), 'x');
    await openStore();
    expect(await readdir(join(folder, 'incoming'))).toEqual([]);
  });

  it('leaves no temporary file behind when the sender fails', async () => {
    const store = await openStore();
    async function* breaking() {
      yield BYTES.subarray(0, 2);
      throw new Error('gone');
    }
    await expect(store.receive({ sha256: 'a'.repeat(64), sizeBytes: 7 }, breaking())).rejects.toThrow('gone');
    expect(await readdir(join(folder, 'incoming'))).toEqual([]);
  });

  it('keeps its URLs valid over a restart, with a key only the owner reads', async () => {
    const first = await openStore();
    const { url } = await first.grantPut({ sha256: 'a'.repeat(64), sizeBytes: 7 }, 1_000);
    const second = await openStore();
    expect(() => second.authorize(signedRequest(url), 2_000)).not.toThrow();
    const key = await stat(join(folder, 'url-signing.key'));
    expect(key.size).toBe(32);
    if (process.platform !== 'win32') expect(key.mode & 0o777).toBe(0o600);
  });

  it('does not accept the URLs of another store', async () => {
    const other = await mkdtemp(join(tmpdir(), 'grove-artifacts-'));
    const foreign = await FsArtifactStore.open({ folder: other, baseUrl: () => 'http://127.0.0.1:1' });
    const { url } = await foreign.grantPut({ sha256: 'a'.repeat(64), sizeBytes: 7 }, 1_000);
    const store = await openStore();
    expect(() => store.authorize(signedRequest(url), 2_000)).toThrow(
      new GroveError('grant-refused', { problem: 'its signature does not fit' }),
    );
    await rm(other, { recursive: true });
  });

  it('refuses a damaged key rather than sign with it', async () => {
    await openStore();
    await truncate(join(folder, 'url-signing.key'), 5);
    await expect(openStore()).rejects.toMatchObject({ code: 'invalid-config' });
  });
});
