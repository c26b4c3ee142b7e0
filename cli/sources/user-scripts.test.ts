import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { withUserScripts } from './user-scripts.ts';

let folder = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'grove-scripts-'));
  await mkdir(join(folder, 'code', 'other'), { recursive: true });
  await writeFile(join(folder, 'code', 'rows.py'), 'ROWS = 1');
  await writeFile(join(folder, 'code', 'other', 'rows.py'), 'ROWS = 2');
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const recipe = (...scripts: readonly string[]) => ({
  data_configs: scripts.map((user_script, index) => ({ name: `d${index}`, user_script })),
});

describe('the Python files of a recipe', () => {
  it('travel with it once, under their plain names', async () => {
    expect(await withUserScripts(recipe('code/rows.py', './code/rows.py'), folder)).toEqual({
      ...recipe('rows.py', 'rows.py'),
      grove_user_scripts: { 'rows.py': 'ROWS = 1' },
    });
  });

  it('are none of a recipe without', async () => {
    expect(await withUserScripts({ passes: {} }, folder)).toEqual({ passes: {} });
  });

  it('are not taken through a link out of its folder', async () => {
    const secret = await mkdtemp(join(tmpdir(), 'grove-secret-'));
    await writeFile(join(secret, 'key.py'), 'secret');
    // A junction needs no rights on Windows.
    await symlink(secret, join(folder, 'linked'), 'junction');
    await expect(withUserScripts(recipe('linked/key.py'), folder)).rejects.toMatchObject({ code: 'invalid-argument' });
    await rm(secret, { recursive: true });
  });

  it.each([
    ['outside its folder', ['../rows.py']],
    ['by an absolute path', ['/etc/rows.py']],
    ['of another kind', ['code/secrets.txt']],
    ['that is missing', ['nowhere.py']],
    ['beside another of its name', ['code/rows.py', 'code/other/rows.py']],
  ])('are not taken %s', async (_, scripts) => {
    await expect(withUserScripts(recipe(...scripts), folder)).rejects.toMatchObject({ code: 'invalid-argument' });
  });
});
