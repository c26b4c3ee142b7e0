/** Items in one array; a list of many is split, so that putting one in moves no more than this many. */
const MAX_CHUNK = 512;

/** Items in order. `compare` is negative when its first argument comes first, and 0 for one item only. */
export class SortedList<T> {
  readonly #compare: (a: T, b: T) => number;
  /** In order; none is empty. */
  readonly #chunks: T[][] = [];
  #size = 0;

  constructor(compare: (a: T, b: T) => number) {
    this.#compare = compare;
  }

  get size(): number {
    return this.#size;
  }

  first(): T | undefined {
    return this.#chunks[0]?.[0];
  }

  *[Symbol.iterator](): Generator<T> {
    for (const chunk of this.#chunks) yield* chunk;
  }

  add(item: T): void {
    this.#size += 1;
    const at = this.#chunkOf(item);
    const chunk = this.#chunks[at];
    if (chunk === undefined) this.#append(item);
    else {
      chunk.splice(this.#placeIn(chunk, item), 0, item);
      if (chunk.length > MAX_CHUNK) this.#chunks.splice(at + 1, 0, chunk.splice(MAX_CHUNK >> 1));
    }
  }

  /** Does nothing when the item is not there. */
  remove(item: T): void {
    const at = this.#chunkOf(item);
    const chunk = this.#chunks[at];
    const place = chunk === undefined ? 0 : this.#placeIn(chunk, item);
    if (chunk?.[place] !== item) return;
    this.#size -= 1;
    if (chunk.length === 1) this.#chunks.splice(at, 1);
    else if (place === 0) chunk.shift();
    else chunk.splice(place, 1);
  }

  /** How many items come before this one. */
  rank(item: T): number {
    const at = this.#chunkOf(item);
    const chunk = this.#chunks[at];
    const before = this.#chunks.slice(0, at).reduce((sum, { length }) => sum + length, 0);
    return chunk === undefined ? before : before + this.#placeIn(chunk, item);
  }

  /** Most items come last: full chunks stay full. */
  #append(item: T): void {
    const last = this.#chunks.at(-1);
    if (last === undefined || last.length >= MAX_CHUNK) this.#chunks.push([item]);
    else last.push(item);
  }

  /** The first chunk that does not end before the item; the number of chunks when all do. */
  #chunkOf(item: T): number {
    let low = 0;
    let high = this.#chunks.length;
    // Most that leave are among the first.
    for (let middle = 0; low < high; middle = (low + high) >> 1) {
      const last = this.#chunks[middle]?.at(-1);
      if (last !== undefined && this.#compare(last, item) < 0) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  #placeIn(chunk: readonly T[], item: T): number {
    let low = 0;
    let high = chunk.length;
    for (let middle = 0; low < high; middle = (low + high) >> 1) {
      const other = chunk[middle];
      if (other !== undefined && this.#compare(other, item) < 0) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
