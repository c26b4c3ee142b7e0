import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { FileAccessStore } from '../../coordinator/access/file-access-store.ts';
import { systemFiles } from '../../platform/files.ts';
import { describeAccessStore } from './access-store.ts';

const newFolder = () => mkdtemp(join(tmpdir(), 'grove-access-'));

describeAccessStore('files', async () => {
  const folder = await newFolder();
  return { open: () => FileAccessStore.open(folder, systemFiles), close: () => rm(folder, { recursive: true }) };
});

it('lets nobody but its owner read the files', async () => {
  const folder = await newFolder();
  const store = await FileAccessStore.open(folder, systemFiles);
  await store.swap('authority', 'farm', { before: undefined, after: '{}' });
  // Windows inherits the folder's access list instead.
  expect(process.platform === 'win32' || ((await stat(join(folder, 'access.json'))).mode & 0o77) === 0).toBe(true);
  await rm(folder, { recursive: true });
});
