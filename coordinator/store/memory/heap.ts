/** A binary heap: the item that compares lowest is on top. */
export interface Heap<T> {
  readonly size: number;
  peek(): T | undefined;
  push(item: T): void;
  pop(): T | undefined;
}

/** `compare` is negative when its first argument belongs nearer the top. */
export function createHeap<T>(compare: (a: T, b: T) => number): Heap<T> {
  return new BinaryHeap(compare);
}

class BinaryHeap<T> implements Heap<T> {
  readonly #compare: (a: T, b: T) => number;
  readonly #items: T[] = [];

  constructor(compare: (a: T, b: T) => number) {
    this.#compare = compare;
  }

  get size(): number {
    return this.#items.length;
  }

  peek(): T | undefined {
    return this.#items[0];
  }

  push(item: T): void {
    this.#items.push(item);
    this.#siftUp(this.#items.length - 1, item);
  }

  pop(): T | undefined {
    const top = this.#items[0];
    const last = this.#items.pop();
    if (last !== undefined && this.#items.length > 0) this.#siftDown(0, last);
    return top;
  }

  #siftUp(from: number, item: T): void {
    let index = from;
    while (index > 0) {
      const parentIndex = (index - 1) >> 1;
      const parent = this.#items[parentIndex];
      if (parent === undefined || this.#compare(item, parent) >= 0) break;
      this.#items[index] = parent;
      index = parentIndex;
    }
    this.#items[index] = item;
  }

  #siftDown(from: number, item: T): void {
    let index = from;
    for (;;) {
      const childIndex = this.#lowerChild(index);
      const child = this.#items[childIndex];
      if (child === undefined || this.#compare(child, item) >= 0) break;
      this.#items[index] = child;
      index = childIndex;
    }
    this.#items[index] = item;
  }

  #lowerChild(index: number): number {
    const leftIndex = index * 2 + 1;
    const left = this.#items[leftIndex];
    const right = this.#items[leftIndex + 1];
    return left !== undefined && right !== undefined && this.#compare(right, left) < 0 ? leftIndex + 1 : leftIndex;
  }
}
