import { chmod, mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { openFileFarmKey } from '../../coordinator/evidence/farm-key.ts';
import { systemFiles } from '../../platform/files.ts';
import { describeFarmKey } from './farm-key.ts';

describeFarmKey('a file', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'grove-key-'));
  return {
    open: () => openFileFarmKey(folder, systemFiles),
    replace: (text) => writeFile(join(folder, 'farm-key.pem'), text),
    close: () => rm(folder, { recursive: true, force: true }),
  };
});

// Windows has no mode; its access list is set in platform/owner-only.ts.
if (process.platform !== 'win32')
  it('a farm key in a file is for its owner only', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'grove-key-'));
    const path = join(folder, 'farm-key.pem');
    await openFileFarmKey(folder, systemFiles);
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    await chmod(path, 0o640);
    await expect(openFileFarmKey(folder, systemFiles)).rejects.toMatchObject({
      code: 'invalid-config',
      message: expect.stringContaining('chmod 600'),
    });
    await rm(folder, { recursive: true });
  });
