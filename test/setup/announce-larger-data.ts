import { readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';

const ROOT = join(import.meta.dirname, '../..');
const FOLDERS = ['agent', 'api', 'bench', 'cli', 'coordinator', 'domain', 'engine', 'platform', 'test'];

function testFiles(folder: string): string[] {
  return readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.test.ts'))
    .map((name) => join(ROOT, folder, name));
}

/** Says, once and in one line, which files hold tests that are not collected without the larger data. */
export function setup(): void {
  if (process.env.GROVE_TEST_DATA) return;
  const files = FOLDERS.flatMap(testFiles).filter((file) => readFileSync(file, 'utf8').includes('GROVE_TEST_DATA'));
  console.log(
    `GROVE_TEST_DATA is not set: tests that need larger data are not collected (in ${files.map((file) => relative(ROOT, file)).join(', ')}).`,
  );
}
