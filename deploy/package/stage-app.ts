import { cp, mkdir, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { INSTALLATION_FOLDER } from '../../platform/installation.ts';
import type { Npm } from './npm.ts';
import { copyPackageFiles } from './npm-package.ts';
import type { PackagePlatform } from './platforms.ts';

/** Where ONNX Runtime's package keeps its libraries, one folder per system and processor. */
const RUNTIMES = join('onnxruntime-node', 'bin', 'napi-v6');

/** Fills `folder` with Grove and the packages it needs at run time on a platform, which need not be this one: nothing is compiled, no script is run. */
export async function stageApp(npm: Npm, platform: PackagePlatform, folder: string): Promise<void> {
  await mkdir(folder, { recursive: true });
  await copyPackageFiles(npm, folder);
  for (const file of ['package-lock.json', '.npmrc']) await cp(join(INSTALLATION_FOLDER, file), join(folder, file));
  await npm(folder, ['ci', '--omit=dev', '--ignore-scripts', '--no-audit', '--no-fund', `--os=${platform.os}`, `--cpu=${platform.cpu}`]);
  for (const file of ['package-lock.json', '.npmrc']) await rm(join(folder, file));
  const packages = join(folder, 'node_modules');
  await keepOwnRuntime(join(packages, RUNTIMES), platform);
  await removeUnused(packages);
}

/** The package holds the libraries of every system: 250 MB of which a machine loads a tenth. */
async function keepOwnRuntime(runtimes: string, { os, cpu }: PackagePlatform): Promise<void> {
  for (const system of await readdir(runtimes)) {
    for (const processor of await readdir(join(runtimes, system)))
      if (system !== os || processor !== cpu) await rm(join(runtimes, system, processor), { recursive: true });
    if ((await readdir(join(runtimes, system))).length === 0) await rm(join(runtimes, system), { recursive: true });
  }
  if ((await readdir(join(runtimes, os))).length === 0) throw new Error(`onnxruntime-node has no library for ${os} ${cpu}`);
}

/** What is for building, debugging and reading. */
async function removeUnused(packages: string): Promise<void> {
  const unused = ['.package-lock.json', '.bin', 'koffi/vendor', 'koffi/doc', 'onnxruntime-node/script', '@types'];
  for (const path of unused) await rm(join(packages, path), { recursive: true, force: true });
  for (const entry of await readdir(packages, { recursive: true, withFileTypes: true }))
    if (entry.isFile() && /\.map$|\.d\.[cm]?ts$/.test(entry.name)) await rm(join(entry.parentPath, entry.name));
}
