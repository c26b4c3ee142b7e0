import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['{domain,api,engine,coordinator,agent,cli,platform,test,bench}/**/*.test.ts'],
    testTimeout: 30_000,
    hookTimeout: 60_000,
  },
});
