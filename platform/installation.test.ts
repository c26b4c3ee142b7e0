import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { INSTALLATION_FOLDER } from './installation.ts';

/** Folders whose sources are compiled into what is installed. */
const SHIPPED = ['agent', 'api', 'cli', 'coordinator', 'engine', 'platform'];
/** A path below the installation: literal segments, and `*` for one that is a variable. */
const JOINED = /join\(\s*INSTALLATION_FOLDER,([^)]*)\)/g;
/** `package.json` is in every package; below `.grove` Grove puts what it makes itself. */
const NOT_SHIPPED = /^(?:package\.json|\.grove\/.*)$/;

const manifest = z
  .object({ files: z.array(z.string()) })
  .parse(JSON.parse(readFileSync(join(INSTALLATION_FOLDER, 'package.json'), 'utf8')));
const packaged = manifest.files.map(patternOf);

const filesBelow = (folder: string): readonly string[] =>
  readdirSync(join(INSTALLATION_FOLDER, folder), { recursive: true, encoding: 'utf8' }).map(
    (name) => `${folder}/${name.replaceAll('\\', '/')}`,
  );

/** A folder's name stands for everything in it. */
function patternOf(glob: string): RegExp {
  const steps: Readonly<Record<string, string>> = { '**/': '(?:.+/)?', '*': '[^/]*', '.': '\\.' };
  return new RegExp(`^${glob.replaceAll(/\*\*\/|\*|\./g, (found) => steps[found] ?? found)}(?:/.*)?$`);
}

describe('what is installed', () => {
  const sources = SHIPPED.flatMap(filesBelow).filter((file) => /(?<!\.test|\.cases)\.ts$/.test(file));
  const paths = sources.flatMap((file) =>
    [...readFileSync(join(INSTALLATION_FOLDER, file), 'utf8').matchAll(JOINED)].map(([, segments = '']) =>
      segments
        .split(',')
        .map((segment) => /^\s*'(.*)'\s*$/.exec(segment)?.[1] ?? '*')
        .join('/'),
    ),
  );

  it('holds every file that the sources look for in it', () => {
    expect(paths).toEqual(expect.arrayContaining(['engine/toolchain/*/requirements.txt', 'engine/toolchain/olive/runner.py', 'recipes']));
    expect(paths.filter((path) => !NOT_SHIPPED.test(path) && !packaged.some((pattern) => pattern.test(path)))).toEqual([]);
  });

  it('holds all Python and all requirements of the toolchains', () => {
    const needed = filesBelow('engine/toolchain').filter((file) => /\.(?:py|txt)$/.test(file));
    expect(needed).toContain('engine/toolchain/confined.py');
    expect(needed.filter((file) => !packaged.some((pattern) => pattern.test(file)))).toEqual([]);
  });

  it('is what the image holds, file by file', () => {
    const image = readFileSync(join(INSTALLATION_FOLDER, 'deploy', 'Dockerfile'), 'utf8');
    expect(image).toContain('npm pack');
    expect(image).toContain('COPY --from=build /tmp/package ./');
  });
});
