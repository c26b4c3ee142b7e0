import { test } from 'vitest';
import { Lab } from './lab.ts';

/** A test with a farm of its own: a coordinator that runs, and no agent yet. Everything ends with the test, however it went. */
export const it = test.extend<{ lab: Lab }>({
  // biome-ignore lint/correctness/noEmptyPattern: vitest reads from the pattern which fixtures this one needs
  lab: async ({}, use) => {
    const lab = await Lab.open();
    try {
      await lab.startCoordinator();
      await use(lab);
    } finally {
      await lab.close();
    }
  },
});
