import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { systemFiles } from '../../platform/files.ts';
import { FileImportStore } from './file-import-store.ts';

it('refuses to start on a file that is no list of imports, and leaves it alone', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'grove-imports-'));
  await writeFile(join(folder, 'imports.json'), '{"models":[');
  await expect(FileImportStore.open(folder, systemFiles)).rejects.toMatchObject({ code: 'invalid-config' });
  await rm(folder, { recursive: true, force: true });
});
