import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { systemFiles as files } from './files.ts';

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'grove-files-'));
});

afterEach(async () => {
  await rm(folder, { recursive: true, force: true });
});

const bytes = (text: string) => new TextEncoder().encode(text);
const text = async (name: string) => readFile(join(folder, name), 'utf8');

describe('systemFiles', () => {
  it('reads a missing file as undefined and lists a missing folder as empty', async () => {
    expect(await files.read(join(folder, 'nothing'))).toBeUndefined();
    expect(await files.list(join(folder, 'nothing'))).toEqual([]);
  });

  it('replaces a file and leaves no draft behind', async () => {
    const path = join(folder, 'state');
    await files.writeAtomic(path, bytes('one'));
    await files.writeAtomic(path, bytes('two'));
    expect(await text('state')).toBe('two');
    expect(await files.list(folder)).toEqual(['state']);
  });

  it('keeps the old content and leaves no draft when the new one cannot take its place', async () => {
    const path = join(folder, 'taken');
    await files.makeFolder(join(path, 'inside'));
    await expect(files.writeAtomic(path, bytes('new'))).rejects.toThrow();
    expect(await readdir(folder)).toEqual(['taken']);
  });

  it('survives concurrent replacements of one file with one of the contents', async () => {
    const contents = Array.from({ length: 8 }, (_, index) => `content ${index}`.repeat(1_000));
    await Promise.all(contents.map((content) => files.writeAtomic(join(folder, 'busy'), bytes(content))));
    expect(contents).toContain(await text('busy'));
    expect(await files.list(folder)).toEqual(['busy']);
  });

  it('appends to what is there and creates what is not', async () => {
    for (const part of ['first ', 'second']) {
      const file = await files.openAppend(join(folder, 'log'));
      await file.append(bytes(part));
      await file.sync();
      await file.close();
    }
    expect(await text('log')).toBe('first second');
  });

  it('cuts a file before appending, and never lengthens it', async () => {
    await writeFile(join(folder, 'log'), 'whole torn');
    const shorter = await files.openAppend(join(folder, 'log'), 6);
    await shorter.append(bytes('new'));
    await shorter.close();
    expect(await text('log')).toBe('whole new');
    await (await files.openAppend(join(folder, 'log'), 100)).close();
    expect(await text('log')).toBe('whole new');
  });

  it('makes nested folders, also when they exist', async () => {
    const path = join(folder, 'a', 'b', 'c');
    await files.makeFolder(path);
    await files.makeFolder(path);
    expect((await stat(path)).isDirectory()).toBe(true);
  });

  it('removes a file, also when it is gone', async () => {
    await writeFile(join(folder, 'old'), '');
    await files.remove(join(folder, 'old'));
    await files.remove(join(folder, 'old'));
    expect(await files.list(folder)).toEqual([]);
  });
});
