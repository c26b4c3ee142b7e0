import fc from 'fast-check';
import { expect, it } from 'vitest';
import { SortedList } from './sorted-list.ts';

const byNumber = (a: number, b: number): number => a - b;

it('answers like a sorted array, whatever is added and removed', () => {
  const step = fc.record({ add: fc.boolean(), item: fc.nat({ max: 2_000 }) });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 300 }), fc.nat({ max: 3_000 }), (steps, filled) => {
      const list = new SortedList<number>(byNumber);
      const expected = new Set<number>();
      for (let item = 0; item < filled; item += 2) expected.add(item) && list.add(item);
      for (const { add, item } of steps) {
        if (!add && expected.delete(item)) list.remove(item);
        else if (!add) list.remove(item);
        else if (!expected.has(item)) expected.add(item) && list.add(item);
      }
      const sorted = [...expected].sort(byNumber);
      expect([...list]).toEqual(sorted);
      expect(list.first()).toBe(sorted[0]);
      expect(list.size).toBe(sorted.length);
      expect(sorted.map((item) => list.rank(item))).toEqual(sorted.map((_, index) => index));
    }),
    { numRuns: 50 },
  );
});

it('holds many items that come in any order, and gives them back from the front', () => {
  const list = new SortedList<number>(byNumber);
  // 7 and 10,007 have no common divisor: every number once.
  for (let index = 0; index < 10_007; index++) list.add((index * 7) % 10_007);
  for (let item = 0; item < 10_007; item++) {
    expect(list.first()).toBe(item);
    list.remove(item);
  }
  expect(list.size).toBe(0);
  expect(list.first()).toBeUndefined();
});

it('leaves an equal item alone that is another one', () => {
  const list = new SortedList<{ readonly place: number }>((a, b) => a.place - b.place);
  const item = { place: 1 };
  list.add(item);
  list.remove({ place: 1 });
  expect([...list]).toEqual([item]);
});
