import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createHeap } from './heap.ts';

const ascending = (a: number, b: number) => a - b;

describe('heap', () => {
  it('gives items back in order', () => {
    fc.assert(
      fc.property(fc.array(fc.integer()), (numbers) => {
        const heap = createHeap<number>(ascending);
        for (const number of numbers) heap.push(number);
        expect(heap.size).toBe(numbers.length);
        const drained: number[] = [];
        for (let top = heap.pop(); top !== undefined; top = heap.pop()) drained.push(top);
        expect(drained).toEqual(numbers.toSorted(ascending));
      }),
    );
  });

  it('shows its top without taking it', () => {
    const heap = createHeap<number>(ascending);
    expect(heap.peek()).toBeUndefined();
    heap.push(2);
    heap.push(1);
    expect([heap.peek(), heap.peek(), heap.pop(), heap.pop(), heap.pop()]).toEqual([1, 1, 1, 2, undefined]);
  });
});
