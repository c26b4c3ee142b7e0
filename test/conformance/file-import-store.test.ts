import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { FileImportStore } from '../../coordinator/imports/file-import-store.ts';
import { systemFiles } from '../../platform/files.ts';
import { describeImportStore } from './import-store.ts';

describeImportStore('a file', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'grove-imports-'));
  return { open: () => FileImportStore.open(folder, systemFiles), close: () => rm(folder, { recursive: true, force: true }) };
});
