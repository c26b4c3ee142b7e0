import { describe, expect, it } from 'vitest';
import { createMemoryTaskStore } from './store/memory/memory-task-store.ts';
import { TaskKinds } from './task-kinds.ts';

describe('TaskKinds', () => {
  it('knows what it was told without asking the store', async () => {
    const kinds = new TaskKinds(createMemoryTaskStore());
    kinds.remember('j-1-0', 'benchmark');
    expect(await kinds.of('j-1-0')).toBe('benchmark');
  });

  it('has no kind for a task that does not exist', async () => {
    expect(await new TaskKinds(createMemoryTaskStore()).of('j-1-0')).toBeUndefined();
  });
});
