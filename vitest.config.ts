import { defineConfig } from 'vitest/config';

/** Cross-process suites: each starts coordinators and agents of its own, so they have the machine to themselves and run one file at a time. */
const processes = 'test/processes/**/*.test.ts';

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
          include: ['{agent,api,bench,cli,coordinator,domain,engine,platform,test}/**/*.test.ts'],
          exclude: [processes, 'test/meta/fixtures/**'],
          sequence: { groupOrder: 0 },
        },
      },
      {
        extends: true,
        test: { name: 'processes', include: [processes], fileParallelism: false, testTimeout: 120_000, sequence: { groupOrder: 1 } },
      },
    ],
  },
});
