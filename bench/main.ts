import { spawnSync } from 'node:child_process';
import { createRequire } from 'node:module';
import { join } from 'node:path';

/**
 * `npm run bench`: compiles the benches and runs them as plain JavaScript. Under a loader that rewrites sources the measured code would not be the code
 * that ships, and Node's floor would carry the loader's start-up.
 */

const ROOT = join(import.meta.dirname, '..');
const COMPILER = join(createRequire(import.meta.url).resolve('typescript/package.json'), '../bin/tsc');
const ENTRY = join(ROOT, '.grove/bench/build/bench/run.js');

function node(args: readonly string[]): number {
  return spawnSync(process.execPath, args, { cwd: ROOT, stdio: 'inherit' }).status ?? 1;
}

process.exitCode = node([COMPILER, '-p', join(import.meta.dirname, 'tsconfig.json')]) || node([ENTRY, ...process.argv.slice(2)]);
