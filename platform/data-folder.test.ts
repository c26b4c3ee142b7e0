import { chmod, mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { defaultDataFolder, openDataFolder } from './data-folder.ts';

describe('defaultDataFolder', () => {
  it('follows XDG on Linux and ignores a relative value', () => {
    expect(defaultDataFolder({ platform: 'linux', home: '/home/a', env: { XDG_DATA_HOME: '/data' } })).toBe(join('/data', 'grove'));
    expect(defaultDataFolder({ platform: 'linux', home: '/home/a', env: { XDG_DATA_HOME: 'data' } })).toBe(
      join('/home/a', '.local', 'share', 'grove'),
    );
  });

  it('uses the profile folders of macOS and Windows', () => {
    expect(defaultDataFolder({ platform: 'darwin', home: '/Users/a', env: {} })).toBe(
      join('/Users/a', 'Library', 'Application Support', 'grove'),
    );
    expect(defaultDataFolder({ platform: 'win32', home: 'C:\\Users\\a', env: { LOCALAPPDATA: 'D:\\local' } })).toBe(
      join('D:\\local', 'grove'),
    );
  });
});

describe('openDataFolder', () => {
  let folder = '';
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'grove-data-'));
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  it('makes the folder for its owner alone', async () => {
    const path = await openDataFolder(join(folder, 'a', 'b'));
    if (process.platform !== 'win32') expect((await stat(path)).mode & 0o777).toBe(0o700);
  });

  it('leaves a folder that others use to them', async () => {
    await chmod(folder, 0o755);
    const before = (await stat(folder)).mode;
    await openDataFolder(folder);
    expect((await stat(folder)).mode).toBe(before);
  });

  it('refuses a file and a relative path', async () => {
    await writeFile(join(folder, 'file'), '');
    await expect(openDataFolder(join(folder, 'file'))).rejects.toMatchObject({ code: 'invalid-config' });
    await expect(openDataFolder('relative')).rejects.toMatchObject({ code: 'invalid-config' });
  });
});
