import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { copyFile, mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { extract } from 'tar';
import type { BuildTools } from './npm.ts';
import { NODE_VERSION, type PackagePlatform } from './platforms.ts';

/** Fetches the Node of a platform into `folder/node[.exe]`, with its licence (`LICENSE.node`) when the package has one. Throws when the package is not the pinned one. */
export async function placeNode(platform: PackagePlatform, folder: string, { npm, scratch }: BuildTools): Promise<void> {
  const unpacked = join(scratch, platform.nodePackage);
  await mkdir(unpacked, { recursive: true });
  const name = `${platform.nodePackage}@${NODE_VERSION}`;
  await npm(unpacked, ['pack', name, '--silent', '--pack-destination', unpacked]);
  const file = join(unpacked, `${platform.nodePackage}-${NODE_VERSION}.tgz`);
  await assertIntegrity(name, file, platform.nodeIntegrity);
  const wanted = new Set([`package/${platform.nodeFile}`, 'package/LICENSE']);
  await extract({ file, cwd: unpacked, filter: (path) => wanted.has(path) });
  await copyFile(join(unpacked, 'package', platform.nodeFile), join(folder, platform.os === 'win32' ? 'node.exe' : 'node'));
  const licence = join(unpacked, 'package', 'LICENSE');
  if (existsSync(licence)) await copyFile(licence, join(folder, 'LICENSE.node'));
}

async function assertIntegrity(name: string, file: string, integrity: string): Promise<void> {
  const actual = `sha512-${createHash('sha512')
    .update(await readFile(file))
    .digest('base64')}`;
  if (actual !== integrity) throw new Error(`${name} is not the pinned package: its integrity is ${actual}, pinned is ${integrity}`);
}
