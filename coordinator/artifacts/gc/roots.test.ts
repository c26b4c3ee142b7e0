import { describe, expect, it } from 'vitest';
import { createMemoryTaskStore } from '../../store/memory/memory-task-store.ts';
import { documentsInUse } from './roots.ts';

describe('documents in use', () => {
  it('are also the blobs in which the store keeps documents of old jobs', async () => {
    const store = Object.assign(createMemoryTaskStore(), { archives: async () => ['a'.repeat(64)] });
    const imports = { models: async () => [], data: async () => [] };
    const found: unknown[] = [];
    for await (const document of documentsInUse({ store, imports })) found.push(document);
    expect(found).toEqual(['a'.repeat(64)]);
  });
});
