import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { MarkSet } from './mark-set.ts';

const digest = (index: number): string => createHash('sha256').update(`${index}`).digest('hex');

describe('a set of marked digests', () => {
  it('never forgets one, and takes hardly any other for marked', () => {
    const marks = new MarkSet(0x1234abcd);
    for (let index = 0; index < 20_000; index++) marks.add(digest(index));
    const indexes = Array.from({ length: 40_000 }, (_, index) => index);
    expect(indexes.slice(0, 20_000).every((index) => marks.has(digest(index)))).toBe(true);
    expect(indexes.slice(20_000).filter((index) => marks.has(digest(index))).length).toBeLessThan(3);
  });
});
