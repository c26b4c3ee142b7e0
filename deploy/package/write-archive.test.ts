import { mkdir, mkdtemp, readFile, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { list } from 'tar';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { writeTarGz, writeZip } from './write-archive.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'grove-archive-'));
  await mkdir(join(folder, 'root/b'), { recursive: true });
  await writeFile(join(folder, 'root/b/later'), 'later', { mode: 0o755 });
  await writeFile(join(folder, 'root/a'), 'a');
});
afterEach(() => rm(folder, { recursive: true, force: true }));

it.each([
  ['tar.gz', writeTarGz],
  ['zip', writeZip],
])('makes the same bytes of the same files: %s', async (kind, write) => {
  const [first, second] = [join(folder, `1.${kind}`), join(folder, `2.${kind}`)];
  await write(first, folder, 'root');
  await utimes(join(folder, 'root/a'), 1, 1);
  await write(second, folder, 'root');
  expect((await readFile(first)).equals(await readFile(second))).toBe(true);
});

it('keeps what may be executed, and the order of names', async () => {
  const file = join(folder, 'x.tar.gz');
  await writeTarGz(file, folder, 'root');
  const seen: [string, boolean][] = [];
  await list({ file, onReadEntry: ({ path, mode = 0 }) => seen.push([path, (mode & 0o111) !== 0]) });
  expect(seen).toEqual([
    ['root/a', false],
    ['root/b/later', true],
  ]);
});
