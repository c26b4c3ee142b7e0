import { defineConfig } from 'vitest/config';

/** Pages in a real browser: `npm run test:browser`. Apart from `npm test`, which has to run where there is no browser. */
export default defineConfig({
  test: {
    include: ['test/browser/**/*.test.ts'],
    globalSetup: ['test/browser/support/build-web.ts'],
    testTimeout: 60_000,
    hookTimeout: 60_000,
    fileParallelism: false,
  },
});
