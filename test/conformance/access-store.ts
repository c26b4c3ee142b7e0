import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { AccessStore } from '../../coordinator/access/access-store.ts';

/** One farm's store, opened as often as a farm has coordinators. */
export interface AccessStoreUnderTest {
  open(): Promise<AccessStore>;
  close(): Promise<void>;
}

const entry = (what: string) => ({
  at: 1,
  who: { kind: 'user', name: 'ann' } as const,
  role: 'admin' as const,
  what,
  object: '',
  from: '127.0.0.1',
  outcome: 'ok',
  requestId: 'r-1',
});

/** What every store of access documents does. */
export function describeAccessStore(name: string, create: () => Promise<AccessStoreUnderTest>): void {
  describe(`access store: ${name}`, () => {
    let farm: AccessStoreUnderTest;
    let store: AccessStore;
    beforeEach(async () => {
      farm = await create();
      store = await farm.open();
    });
    afterEach(() => farm.close());

    it('keeps a document, also for whoever opens it later', async () => {
      expect(await store.swap('token', 'a', { before: undefined, after: '{"x":1}' })).toBe(true);
      expect(await (await farm.open()).read('token', 'a')).toBe('{"x":1}');
      expect(await store.read('join', 'a')).toBeUndefined();
    });

    it('changes a document only as long as it is as it was', async () => {
      await store.swap('token', 'a', { before: undefined, after: '1' });
      expect(await store.swap('token', 'a', { before: undefined, after: '2' })).toBe(false);
      expect(await store.swap('token', 'a', { before: '0', after: '2' })).toBe(false);
      expect(await store.read('token', 'a')).toBe('1');
      expect(await store.swap('token', 'a', { before: '1', after: undefined })).toBe(true);
      expect(await store.read('token', 'a')).toBeUndefined();
    });

    it('lets one of many win', async () => {
      const tries = Array.from({ length: 20 }, (_, index) => store.swap('authority', 'farm', { before: undefined, after: `${index}` }));
      expect((await Promise.all(tries)).filter((won) => won)).toHaveLength(1);
    });

    it('lists one kind by id', async () => {
      for (const id of ['b', 'a']) await store.swap('agent', id, { before: undefined, after: `"${id}"` });
      await store.swap('join', 'c', { before: undefined, after: '"c"' });
      expect(await store.list('agent')).toEqual(['"a"', '"b"']);
    });

    it('tells changes newest first, as many as asked for', async () => {
      for (const what of ['first', 'second', 'third']) await store.audit(entry(what));
      expect((await (await farm.open()).audited(2)).map(({ what }) => what)).toEqual(['third', 'second']);
    });
  });
}
