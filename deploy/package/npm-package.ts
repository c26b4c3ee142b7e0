import { cp, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { INSTALLATION_FOLDER } from '../../platform/installation.ts';
import type { BuildTools, Npm } from './npm.ts';

/** What `files` of package.json lists, but for intermediate output of the compiler: the bundle runs. */
export async function copyPackageFiles(npm: Npm, folder: string): Promise<void> {
  const [listing] = JSON.parse(await npm(INSTALLATION_FOLDER, ['pack', '--dry-run', '--json', '--ignore-scripts'])) as [
    { files: { path: string }[] },
  ];
  for (const { path } of listing.files) {
    if (!isRun(path)) continue;
    await cp(join(INSTALLATION_FOLDER, path), join(folder, path));
  }
}

/** What ONNX Runtime's package takes for its install script alone. */
const ONLY_FOR_INSTALLING: ReadonlySet<string> = new Set(['adm-zip', 'global-agent']);

/** Modules that the bundle contains, and their maps, are not run. */
function isRun(path: string): boolean {
  const [top, second] = path.split('/');
  if (path.endsWith('.map')) return false;
  return top !== 'dist' || second === 'bundle' || second === 'web';
}

/**
 * The package for `npm install --global`, at `out`. ONNX Runtime comes inside it, without its install script: that one fetches CUDA libraries from the
 * internet, and a package inside a package is the only one whose scripts its carrier decides about.
 */
export async function buildNpmPackage(out: string, { npm, scratch }: BuildTools): Promise<string> {
  const folder = join(scratch, 'npm-package');
  await mkdir(folder, { recursive: true });
  await copyPackageFiles(npm, folder);
  const manifest: unknown = JSON.parse(await readFile(join(INSTALLATION_FOLDER, 'package.json'), 'utf8'));
  const { scripts: _scripts, devDependencies: _dev, ...kept } = manifest as Record<string, unknown>;
  await writeFile(join(folder, 'package.json'), JSON.stringify({ ...kept, bundleDependencies: ['onnxruntime-node'] }, null, 2));
  await carryWithoutScripts(folder);
  const printed = await npm(folder, ['pack', '--json', '--ignore-scripts', '--pack-destination', out]);
  const [{ filename }] = JSON.parse(printed) as [{ filename: string }];
  return filename;
}

async function carryWithoutScripts(folder: string): Promise<void> {
  const name = 'onnxruntime-node';
  const carried = join(folder, 'node_modules', name);
  await cp(join(INSTALLATION_FOLDER, 'node_modules', name), carried, { recursive: true });
  await rm(join(carried, 'script'), { recursive: true, force: true });
  const file = join(carried, 'package.json');
  const {
    scripts: _scripts,
    dependencies,
    ...kept
  } = JSON.parse(await readFile(file, 'utf8')) as { dependencies: Record<string, string> } & Record<string, unknown>;
  const needed = Object.entries(dependencies).filter(([name]) => !ONLY_FOR_INSTALLING.has(name));
  await writeFile(file, JSON.stringify({ ...kept, dependencies: Object.fromEntries(needed) }, null, 2));
}
