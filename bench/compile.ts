import { spawnSync } from 'node:child_process';
import { cpSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';

const ROOT = join(import.meta.dirname, '..');
const COMPILER = join(createRequire(import.meta.url).resolve('typescript/package.json'), '../bin/tsc');

/**
 * Compiles the benches and runs one of their programs (`run.js`) as plain JavaScript with this process's arguments. Under a loader that rewrites
 * sources the measured code would not be the code that ships, and Node's floor would carry the loader's start-up. Returns the exit code.
 */
export function runCompiled(program: string): number {
  const build = join(ROOT, '.grove/bench/build');
  const entry = join(build, 'bench', program);
  // Sample farms of the tests, which some benches take, look for the catalogue beside their sources.
  cpSync(join(ROOT, 'recipes'), join(build, 'recipes'), { recursive: true });
  return node([COMPILER, '-p', join(import.meta.dirname, 'tsconfig.json')]) || node([entry, ...process.argv.slice(2)]);
}

function node(args: readonly string[]): number {
  return spawnSync(process.execPath, args, { cwd: ROOT, stdio: 'inherit' }).status ?? 1;
}
