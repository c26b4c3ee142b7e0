import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { expect, it } from 'vitest';

const ROOT = join(import.meta.dirname, '../..');
const tracked = execFileSync('git', ['ls-files', '-z'], { cwd: ROOT, encoding: 'utf8' }).split('\0').filter(Boolean);

/** Relative targets of a page's links and images, as paths from the root. */
function linkTargets(page: string, text: string): string[] {
  const targets = [...text.matchAll(/\]\(([^)\s]+)\)/g)].map(([, target]) => target ?? '');
  const relative = targets.filter((target) => !/^([a-z]+:|#)/.test(target));
  return relative.map((target) => normalize(join(dirname(page), target.replace(/#.*$/, ''))));
}

/** Pages that code and messages send a reader to: `docs/passes.md`. */
function mentionedPages(text: string): string[] {
  return [...text.matchAll(/\bdocs\/[\w/-]+\.(?:md|png)\b/g)].map(([mention]) => mention);
}

it('every link and every mention of a page leads somewhere', () => {
  const sources = tracked.filter(
    (file) => /\.(md|ts|json|proto)$/.test(file) && !file.startsWith('proto/gen/') && existsSync(join(ROOT, file)),
  );
  const broken = sources.flatMap((file) => {
    const text = readFileSync(join(ROOT, file), 'utf8');
    const targets = [...(file.endsWith('.md') ? linkTargets(file, text) : []), ...mentionedPages(text)];
    return targets.filter((target) => !existsSync(join(ROOT, target))).map((target) => `${file} -> ${target}`);
  });
  expect([...new Set(broken)]).toEqual([]);
});
