import { expect, it } from 'vitest';
import { environmentPython, findPythons } from './python.ts';
import { type Script, scriptedSpawner } from './spawner.cases.ts';

const answer = (file: string, version: string, able = 'true') => ({
  out: [`{"file": ${JSON.stringify(file)}, "version": [${version}], "able": ${able}}`],
});
const search = (script: Script, platform: NodeJS.Platform, file?: string) => ({
  ...{ spawner: scriptedSpawner(script), env: {}, cwd: '/', signal: new AbortController().signal, platform, file },
});

it('asks the names on the PATH, best first, and takes each interpreter once', async () => {
  const found = await findPythons(
    search(({ file }) => {
      if (file === 'python3' || file === 'python3.12') return answer('/usr/bin/python3.12', '3, 12, 4', 'false');
      return file === 'python3.11' ? answer('/opt/py311', '3, 11, 9') : undefined;
    }, 'linux'),
  );
  expect(found).toEqual([
    { file: '/usr/bin/python3.12', version: [3, 12, 4], makesEnvironments: false },
    { file: '/opt/py311', version: [3, 11, 9], makesEnvironments: true },
  ]);
});

it('asks the launcher on Windows, whose paths have back-slashes', async () => {
  const script: Script = ({ file, args }) =>
    file === 'py' && args[0] === '-3.13' ? answer('C:\\Python\\python.exe', '3, 13, 1') : { code: 1 };
  const [found] = await findPythons(search(script, 'win32'));
  expect(found?.file).toBe('C:\\Python\\python.exe');
});

it('asks only the interpreter it is given, and takes none that answers something else', async () => {
  const asked = search(() => ({ out: ['Python 2.7'] }), 'linux', '/x/python');
  expect(await findPythons(asked)).toEqual([]);
  expect(asked.spawner.started.map(({ file }) => file)).toEqual(['/x/python']);
});

it('knows where an environment keeps its interpreter', () => {
  expect(environmentPython('e', 'linux')).toMatch(/^e.bin.python$/);
  expect(environmentPython('e', 'win32')).toMatch(/^e.Scripts.python\.exe$/);
});
