import { randomFillSync } from 'node:crypto';
import type { Random } from '../domain/ports.ts';

/** Random bytes are asked for in advance: a call for sixteen of them costs as much as one for thousands. */
const POOL_BYTES = 8_192;
const pool = Buffer.alloc(POOL_BYTES);
let used = POOL_BYTES;

/** Bytes that nobody has had before. */
function randomBytes(count: number): Buffer {
  if (count > POOL_BYTES) return randomFillSync(Buffer.alloc(count));
  if (used + count > POOL_BYTES) {
    randomFillSync(pool);
    used = 0;
  }
  used += count;
  return pool.subarray(used - count, used);
}

/** The operating system's randomness. `id()` is a UUID version 7 (RFC 9562): 48 bits of Unix milliseconds, then 74 random bits. */
export const systemRandom: Random = {
  token: (byteCount) => randomBytes(byteCount).toString('hex'),
  id: () => uuidV7(Date.now(), randomBytes(10)),
  float: () => Math.random(),
};

/** RFC 9562 section 5.7. `random` is 10 bytes; version and variant bits are overwritten. */
export function uuidV7(epochMs: number, random: Uint8Array): string {
  const bytes = Buffer.alloc(16);
  bytes.writeUIntBE(epochMs, 0, 6);
  bytes.set(random.subarray(0, 10), 6);
  bytes.writeUInt8((bytes.readUInt8(6) & 0x0f) | 0x70, 6);
  bytes.writeUInt8((bytes.readUInt8(8) & 0x3f) | 0x80, 8);
  const hex = bytes.toString('hex');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}
