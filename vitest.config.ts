import { defineConfig } from 'vitest/config';

/** Suites below `test/` that stay inside one process. */
const inProcess = ['test/{conformance,meta,model,parity,rest}/**/*.test.ts'];

export default defineConfig({
  test: {
    maxWorkers: 2,
    testTimeout: 30_000,
    hookTimeout: 60_000,
    projects: [
      {
        extends: true,
        test: {
          name: 'unit',
          globalSetup: ['test/setup/announce-larger-data.ts'],
          include: ['{agent,api,bench,cli,coordinator,deploy,domain,engine,platform,web}/**/*.test.ts', ...inProcess],
          exclude: ['test/meta/fixtures/**'],
          sequence: { groupOrder: 0 },
        },
      },
      {
        extends: true,
        // Each of these starts coordinators and agents of its own: they have the machine to themselves, one file at a time.
        test: {
          name: 'processes',
          include: ['test/**/*.test.ts'],
          exclude: [...inProcess, 'test/browser/**', 'test/services/**', 'test/runtimes/**', 'test/packages/**', 'test/meta/fixtures/**'],
          fileParallelism: false,
          testTimeout: 120_000,
          sequence: { groupOrder: 1 },
        },
      },
      {
        extends: true,
        // Needs real servers (on PATH, or named by GROVE_TEST_REDIS_URL and the like): `npm run test:services`, never part of `npm test`.
        test: {
          name: 'services',
          include: ['test/services/**/*.test.ts'],
          testTimeout: 120_000,
          sequence: { groupOrder: 2 },
        },
      },
      {
        extends: true,
        // Needs vendors' wheels (`npm run fetch:test-wheels`) on Linux x64: `npm run test:runtimes`, never part of `npm test`.
        test: {
          name: 'runtimes',
          include: ['test/runtimes/**/*.test.ts'],
          fileParallelism: false,
          testTimeout: 240_000,
          sequence: { groupOrder: 3 },
        },
      },
      {
        extends: true,
        // Needs archives, root and debootstrap: `npm run test:packages`, never part of `npm test`.
        test: {
          name: 'packages',
          include: ['test/packages/**/*.test.ts'],
          testTimeout: 300_000,
          hookTimeout: 300_000,
          sequence: { groupOrder: 4 },
        },
      },
    ],
  },
});
