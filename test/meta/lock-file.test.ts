import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { z } from 'zod';

const packageSchema = z.object({
  resolved: z.url().optional(),
  integrity: z.string().optional(),
  optionalDependencies: z.record(z.string(), z.string()).optional(),
});
const lockSchema = z.object({ lockfileVersion: z.number(), packages: z.record(z.string(), packageSchema) });

const lock = lockSchema.parse(JSON.parse(readFileSync(join(import.meta.dirname, '../../package-lock.json'), 'utf8')));
const installed = Object.entries(lock.packages).filter(([path]) => path !== '');

it('the lock file is of the version that npm 10 and 11 both read', () => {
  expect(lock.lockfileVersion).toBe(3);
});

it('every package is pinned by its digest and comes from the registry', () => {
  const strange = installed.filter(([, { resolved, integrity }]) => {
    const elsewhere = resolved !== undefined && new URL(resolved).origin !== 'https://registry.npmjs.org';
    return elsewhere || !integrity?.startsWith('sha512-');
  });
  expect(strange).toEqual([]);
});

/** npm writes no entry for a platform package that the registry lacks; `npm ci` of npm 11 then refuses the whole lock file. */
it('every optional package of every platform is locked', () => {
  const locked = new Set(installed.map(([path]) => path.slice(path.lastIndexOf('node_modules/') + 'node_modules/'.length)));
  const missing = installed.flatMap(([path, { optionalDependencies = {} }]) =>
    Object.keys(optionalDependencies)
      .filter((name) => !locked.has(name))
      .map((name) => `${path} -> ${name}`),
  );
  expect(missing).toEqual([]);
});

it('no package runs a script while it is installed', () => {
  const settings = readFileSync(join(import.meta.dirname, '../../.npmrc'), 'utf8').split('\n');
  expect(settings).toContain('ignore-scripts=true');
});
