/** Size of the set: a false "marked" for one blob in 250 when ten million are marked. */
const BITS = 2 ** 27;
const HASHES = 4;

/**
 * Digests in 16 MiB, however many. It never forgets one; now and then it takes an unmarked one for marked, which keeps garbage until a later run with
 * another salt. SHA-256 digests are as good as random, so parts of them serve as hashes.
 */
export class MarkSet {
  readonly #bits = new Uint32Array(BITS / 32);
  readonly #salt: number;

  constructor(salt: number) {
    this.#salt = salt;
  }

  add(sha256: string): void {
    for (const bit of this.#positions(sha256)) this.#bits[bit >>> 5] = (this.#bits[bit >>> 5] ?? 0) | (1 << (bit & 31));
  }

  has(sha256: string): boolean {
    return this.#positions(sha256).every((bit) => ((this.#bits[bit >>> 5] ?? 0) & (1 << (bit & 31))) !== 0);
  }

  #positions(sha256: string): number[] {
    return Array.from({ length: HASHES }, (_, index) => {
      const word = Number.parseInt(sha256.slice(index * 8, index * 8 + 8), 16);
      return Math.imul(word ^ this.#salt, 0x9e3779b1) >>> 5;
    });
  }
}
