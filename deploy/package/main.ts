import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { parseArgs } from 'node:util';
import { INSTALLATION_FOLDER } from '../../platform/installation.ts';
import { buildArchive } from './build-archive.ts';
import { type Npm, npmAt } from './npm.ts';
import { buildNpmPackage } from './npm-package.ts';
import { PACKAGE_PLATFORMS, type PackagePlatform } from './platforms.ts';

const USAGE = `npm run package -- [--platform NAME]... [--npm] [--out DIR]

Builds archives that need nothing on the machine they are unpacked on: Grove, its packages and Node.
  --platform NAME  ${PACKAGE_PLATFORMS.map(({ name }) => name).join(', ')}; all of them and --npm when neither is given
  --npm            the package for npm install --global
  --out DIR        where they go; default: packages in this folder`;

interface Wanted {
  readonly platforms: readonly PackagePlatform[];
  readonly npmPackage: boolean;
  readonly out: string;
}

function wanted(args: readonly string[]): Wanted {
  const { values } = parseArgs({
    args: [...args],
    options: { platform: { type: 'string', multiple: true }, npm: { type: 'boolean' }, out: { type: 'string' } },
  });
  const everything = values.platform === undefined && values.npm !== true;
  const names = values.platform ?? (everything ? PACKAGE_PLATFORMS.map(({ name }) => name) : []);
  const platforms = names.map((name) => {
    const platform = PACKAGE_PLATFORMS.find((known) => known.name === name);
    if (platform === undefined) throw new Error(`there is no platform "${name}"`);
    return platform;
  });
  return { platforms, npmPackage: everything || values.npm === true, out: resolve(values.out ?? join(INSTALLATION_FOLDER, 'packages')) };
}

async function build(npm: Npm, { platforms, npmPackage, out }: Wanted): Promise<void> {
  const { version } = JSON.parse(await readFile(join(INSTALLATION_FOLDER, 'package.json'), 'utf8')) as { version: string };
  await mkdir(out, { recursive: true });
  const scratch = await mkdtemp(join(tmpdir(), 'grove-package-'));
  try {
    for (const platform of platforms) await report(out, await buildArchive(platform, { version, out, npm, scratch }));
    if (npmPackage) await report(out, await buildNpmPackage(out, { npm, scratch }));
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
  await writeSums(out);
}

async function report(out: string, name: string): Promise<void> {
  const { size } = await stat(join(out, name));
  console.log(`${name}  ${(size / 1024 ** 2).toFixed(0)} MiB`);
}

/** In the form that `sha256sum --check` reads. */
async function writeSums(out: string): Promise<void> {
  const lines: string[] = [];
  for (const name of (await readdir(out)).filter((file) => /^grove-.+\.(?:tar\.gz|zip|tgz)$/.test(file)).sort()) {
    const hash = createHash('sha256');
    await pipeline(createReadStream(join(out, name)), hash);
    lines.push(`${hash.digest('hex')}  ${name}\n`);
  }
  await writeFile(join(out, 'SHA256SUMS'), lines.join(''));
}

try {
  const cli = process.env['npm_execpath'];
  if (cli === undefined) throw new Error('npm has to start this: npm run package');
  await build(npmAt(cli), wanted(process.argv.slice(2)));
} catch (error) {
  console.error(`${error instanceof Error ? error.message : String(error)}\n\n${USAGE}`);
  process.exitCode = 1;
}
