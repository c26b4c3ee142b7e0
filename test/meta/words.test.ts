import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';

const ROOT = join(import.meta.dirname, '../..');
const TEXT = /\.(ts|js|mjs|json|jsonc|ya?ml|md|proto|grit|html|css|svg|sh)$/;

const tracked = execFileSync('git', ['ls-files', '-z'], { cwd: ROOT, encoding: 'utf8' })
  .split('\0')
  .filter((file) => file !== '' && existsSync(join(ROOT, file)));

/** `file:line` of every match in tracked text files for which `counts` holds. */
function occurrences(pattern: RegExp, counts: (file: string) => boolean = () => true): string[] {
  const files = tracked.filter((file) => TEXT.test(file) && file !== 'package-lock.json' && counts(file));
  return files.flatMap((file) =>
    readFileSync(join(ROOT, file), 'utf8')
      .split('\n')
      .flatMap((line, index) => (pattern.test(line) ? [`${file}:${index + 1}`] : [])),
  );
}

describe('tracked files', () => {
  it('hold no folder that says nothing about its content', () => {
    expect(tracked.filter((file) => /(^|\/)(common|utils?|helpers?|shared|misc)\//.test(file))).toEqual([]);
  });

  it('name no folder of the machine they were written on', () => {
    expect(occurrences(/(^|[\s"'`(=])\/(root|work|workspace)\//)).toEqual([]);
  });

  it('hold no unfinished work', () => {
    const marks = ['TODO', 'FIXME', 'XXX', 'HACK'].join('|');
    expect(occurrences(new RegExp(`\\b(${marks})\\b`), (file) => file !== 'test/meta/words.test.ts')).toEqual([]);
  });

  it('never silence the compiler', () => {
    const silencers = ['@ts-ignore', '@ts-nocheck', '@ts-expect-error'].join('|');
    expect(
      occurrences(
        new RegExp(silencers),
        (file) => file.endsWith('.ts') && !file.startsWith('proto/gen/') && !file.startsWith('test/meta/'),
      ),
    ).toEqual([]);
  });

  it('give a reason wherever they silence the linter', () => {
    const unexplained = /biome-ignore[a-z-]* [\w/]+:?\s*(<explanation>)?\s*$/;
    expect(occurrences(unexplained, (file) => file.endsWith('.ts'))).toEqual([]);
  });

  it('are below a megabyte', () => {
    expect(tracked.filter((file) => readFileSync(join(ROOT, file)).length > 1_000_000)).toEqual([]);
  });
});
