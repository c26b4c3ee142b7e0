import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readMachineIdentity } from './machine-id.ts';

const onLinux = process.platform === 'linux' ? describe : undefined;

onLinux?.('readMachineIdentity on Linux', () => {
  let root = '';
  beforeEach(async () => {
    root = await mkdtemp(join(tmpdir(), 'grove-machine-'));
    await mkdir(join(root, 'etc'), { recursive: true });
  });
  afterEach(() => rm(root, { recursive: true, force: true }));

  it('hashes the machine id without revealing it', async () => {
    const id = '0123456789abcdef0123456789abcdef';
    await writeFile(join(root, 'etc/machine-id'), `${id}\n`);
    const identity = await readMachineIdentity(root);
    expect(identity).toMatchObject({ source: 'machine-id', hostId: expect.stringMatching(/^[0-9a-f]{64}$/) });
    expect(identity.hostId).not.toContain(id);
    expect(await readMachineIdentity(root)).toEqual(identity);
  });

  it.each([
    ['an empty file', ''],
    ['a file still uninitialised', 'uninitialized\n'],
    ['an id of zeros', '0'.repeat(32)],
  ])('falls back on %s', async (_, text) => {
    await writeFile(join(root, 'etc/machine-id'), text);
    expect((await readMachineIdentity(root)).source).toBe('fallback');
  });
});
