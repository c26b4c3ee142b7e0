import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createMemoryTaskStore } from '../../coordinator/store/memory/memory-task-store.ts';
import { compareWithModel } from './task-store/compare.ts';
import { PLANTED_BUGS } from './task-store/planted-bugs.ts';
import { history } from './task-store/world.ts';

/** Fixed, so that a bug that is found is found every time. The comparison itself draws new histories on every run. */
const SEED = 20_261_123;

describe('the memory task store beside its naive model', () => {
  it('gives the same answers and shows the same farm after every command', { timeout: 120_000 }, async () => {
    const property = fc.asyncProperty(history, (actions) => compareWithModel(createMemoryTaskStore(), actions));
    await fc.assert(property, { numRuns: 200 });
  });

  it.each(Object.entries(PLANTED_BUGS))('finds a planted bug: %s', { timeout: 120_000 }, async (_, plant) => {
    const property = fc.asyncProperty(history, (actions) => compareWithModel(plant(createMemoryTaskStore()), actions));
    const found = await fc.check(property, { numRuns: 300, seed: SEED, endOnFailure: true });
    expect(found.failed).toBe(true);
  });
});
