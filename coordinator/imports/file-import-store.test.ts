import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { systemFiles } from '../../platform/files.ts';
import { FileImportStore } from './file-import-store.ts';

const blob = { sha256: 'a'.repeat(64), sizeBytes: 1 };
const model = (modelId: string) => ({
  modelId,
  revision: null,
  files: { 'config.json': blob },
  synthetic: false,
  importedAt: 1,
  importedBy: 'local',
});
const rows = (split: string) => ({ dataset: 'org/d', subset: null, split, path: 'rows.jsonl', blob, importedAt: 1, importedBy: 'local' });

let folder = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'grove-imports-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const open = () => FileImportStore.open(folder, systemFiles);

it('remembers imports over a restart, in the order of their names', async () => {
  const store = await open();
  await Promise.all([
    store.putModel(model('org/b')),
    store.putModel(model('org/a')),
    store.putData(rows('test')),
    store.putData(rows('dev')),
  ]);
  for (const each of [store, await open()]) {
    expect((await each.models()).map(({ modelId }) => modelId)).toEqual(['org/a', 'org/b']);
    expect((await each.data()).map(({ split }) => split)).toEqual(['dev', 'test']);
  }
});

it('replaces an import of the same name and no other', async () => {
  const store = await open();
  await store.putModel(model('org/a'));
  await store.putData(rows('dev'));
  await store.putData({ ...rows('dev'), subset: 'en' });
  await store.putModel({ ...model('org/a'), importedAt: 2 });
  await store.putData({ ...rows('dev'), importedAt: 2 });
  expect(await store.models()).toMatchObject([{ importedAt: 2 }]);
  expect(await store.data()).toMatchObject([
    { subset: null, importedAt: 2 },
    { subset: 'en', importedAt: 1 },
  ]);
});

it('refuses to start on a file that is no list of imports, and leaves it alone', async () => {
  await writeFile(join(folder, 'imports.json'), '{"models":[');
  await expect(open()).rejects.toMatchObject({ code: 'invalid-config' });
});
