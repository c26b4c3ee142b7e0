import { expect, it } from 'vitest';
import { createRecentClaims } from './recent-claims.ts';

const SHA = 'a'.repeat(64);

/** A store that answers from `sizes` and counts what it is asked. */
function storeOf(sizes: Map<string, number>) {
  const asked: string[] = [];
  const claim = async (sha256: string) => {
    asked.push(sha256);
    const sizeBytes = sizes.get(sha256);
    return sizeBytes === undefined ? undefined : { sizeBytes };
  };
  return { asked, claim };
}

it('claims a blob once in five seconds', async () => {
  const store = storeOf(new Map([[SHA, 7]]));
  const recent = createRecentClaims(store);
  expect(await recent.claim(SHA, 1_000)).toEqual({ sizeBytes: 7 });
  expect(await recent.claim(SHA, 5_999)).toEqual({ sizeBytes: 7 });
  expect(store.asked).toEqual([SHA]);
  await recent.claim(SHA, 6_000);
  expect(store.asked).toEqual([SHA, SHA]);
});

it('remembers no blob that is missing, and forgets one that is gone', async () => {
  const sizes = new Map<string, number>();
  const store = storeOf(sizes);
  const recent = createRecentClaims(store);
  expect(await recent.claim(SHA, 0)).toBeUndefined();
  sizes.set(SHA, 3);
  expect(await recent.claim(SHA, 1)).toEqual({ sizeBytes: 3 });
  sizes.delete(SHA);
  expect(await recent.claim(SHA, 10_000)).toBeUndefined();
  expect(await recent.claim(SHA, 10_001)).toBeUndefined();
});

it('claims again when the clock went back', async () => {
  const store = storeOf(new Map([[SHA, 7]]));
  const recent = createRecentClaims(store);
  await recent.claim(SHA, 10_000);
  await recent.claim(SHA, 9_000);
  expect(store.asked).toEqual([SHA, SHA]);
});
