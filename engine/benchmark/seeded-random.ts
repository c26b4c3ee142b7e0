/**
 * Numbers uniform in [0, 1) that depend on nothing but the seed, so that generated inputs can be made again anywhere: Steele and Vigna's
 * 32-bit mixer over a Weyl sequence (the generator known as mulberry32). Not for secrets.
 */
export function seededRandom(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}
