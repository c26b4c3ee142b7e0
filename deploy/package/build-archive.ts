import { chmod, copyFile, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { INSTALLATION_FOLDER } from '../../platform/installation.ts';
import { placeNode } from './node-binary.ts';
import type { BuildTools } from './npm.ts';
import type { PackagePlatform } from './platforms.ts';
import { stageApp } from './stage-app.ts';
import { writeTarGz, writeZip } from './write-archive.ts';

interface ArchiveOptions extends BuildTools {
  readonly version: string;
  /** The folder that takes the archive. */
  readonly out: string;
}

/** Builds the archive of one platform and answers its file name. */
export async function buildArchive(platform: PackagePlatform, { version, out, ...tools }: ArchiveOptions): Promise<string> {
  const root = `grove-${version}-${platform.name}`;
  const folder = join(tools.scratch, root);
  await mkdir(folder, { recursive: true });
  await stageApp(tools.npm, platform, join(folder, 'app'));
  await placeNode(platform, folder, tools);
  await copyFile(join(INSTALLATION_FOLDER, 'LICENSE'), join(folder, 'LICENSE'));
  const windows = platform.os === 'win32';
  const launcher = windows ? 'grove.cmd' : 'grove';
  await copyFile(join(INSTALLATION_FOLDER, 'deploy', 'package', 'launchers', launcher), join(folder, launcher));
  if (!windows) for (const file of ['grove', 'node']) await chmod(join(folder, file), 0o755);
  const name = `${root}.${platform.archive}`;
  await (windows ? writeZip : writeTarGz)(join(out, name), tools.scratch, root);
  return name;
}
