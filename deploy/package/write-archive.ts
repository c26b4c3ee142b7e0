import { createWriteStream } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { join, relative, sep } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { create } from 'tar';
import { ZipFile } from 'yazl';

/** Every file of an archive is of this moment: the same content makes the same bytes. ZIP knows no time before 1980. */
const MOMENT = new Date('2020-01-01T00:00:00Z');
const RUN = 0o755;
const READ = 0o644;

/** Packs the folder `parent/root` under the name `root`. What may be executed stays so; owners and times are not kept. */
export async function writeTarGz(out: string, parent: string, root: string): Promise<void> {
  const files = (await filesOf(join(parent, root))).map((path) => `${root}/${path}`);
  await create({ file: out, cwd: parent, gzip: { level: 9 }, portable: true, mtime: MOMENT, noDirRecurse: true }, files);
}

/** As `writeTarGz`, for Windows. */
export async function writeZip(out: string, parent: string, root: string): Promise<void> {
  const zip = new ZipFile();
  for (const path of await filesOf(join(parent, root))) {
    const file = join(parent, root, path);
    const mode = ((await stat(file)).mode & 0o111) === 0 ? READ : RUN;
    zip.addFile(file, `${root}/${path}`, { mtime: MOMENT, mode });
  }
  zip.end();
  await pipeline(zip.outputStream, createWriteStream(out));
}

/** Files below a folder with `/` between names, in one order everywhere. */
async function filesOf(folder: string): Promise<readonly string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)).split(sep).join('/'))
    .sort();
}
