import { mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { sizeOfFiles } from './file-sizes.ts';

let folder = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'grove-sizes-'));
});
afterEach(() => rm(folder, { recursive: true }));

describe('sizeOfFiles', () => {
  it('adds up the files of a folder and leaves out links that lead nowhere', async () => {
    await writeFile(join(folder, 'a'), 'abc');
    await writeFile(join(folder, 'b'), 'de');
    await symlink(join(folder, 'absent'), join(folder, 'dangling'), 'junction');
    expect(await sizeOfFiles(folder)).toBe(5);
    expect(await sizeOfFiles(join(folder, 'a'))).toBe(3);
  });
});
