import { crc32 } from 'node:zlib';

/**
 * One record in a file: length of the payload, CRC-32 of that length, CRC-32 of the payload (three little-endian 32-bit numbers), then the payload.
 * The length has a checksum of its own so that a damaged length is not mistaken for a record that was cut off.
 */
const HEADER_BYTES = 12;

export function encodeFrame(payload: string): Buffer {
  const sizeBytes = Buffer.byteLength(payload);
  const frame = Buffer.allocUnsafe(HEADER_BYTES + sizeBytes);
  frame.writeUInt32LE(sizeBytes, 0);
  frame.writeUInt32LE(crc32(frame.subarray(0, 4)), 4);
  frame.write(payload, HEADER_BYTES, 'utf8');
  frame.writeUInt32LE(crc32(frame.subarray(HEADER_BYTES)), 8);
  return frame;
}

/** A piece of a file, in order: frames, and at most one end that is not clean. */
export type Piece =
  | { readonly kind: 'frame'; readonly offset: number; readonly payload: string }
  /** The file ends within a record: its write was cut off. */
  | { readonly kind: 'torn'; readonly offset: number }
  /** The bytes are all there and not what was written. */
  | { readonly kind: 'damaged'; readonly offset: number; readonly problem: string };

/** Reads frames until the end or the first thing that is not one. */
export function* readFrames(bytes: Uint8Array): Generator<Piece> {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let offset = 0;
  while (offset < buffer.length) {
    const piece = readPiece(buffer, offset);
    yield piece;
    if (piece.kind !== 'frame') return;
    offset += HEADER_BYTES + buffer.readUInt32LE(offset);
  }
}

function readPiece(buffer: Buffer, offset: number): Piece {
  const rest = buffer.subarray(offset);
  // Some file systems give a file its new length before its new content, so that a cut-off write reads as zeros.
  if (rest.length < HEADER_BYTES || rest.every((byte) => byte === 0)) return { kind: 'torn', offset };
  if (crc32(rest.subarray(0, 4)) !== rest.readUInt32LE(4)) return { kind: 'damaged', offset, problem: 'the length of a record is damaged' };
  const end = HEADER_BYTES + rest.readUInt32LE(0);
  if (rest.length < end) return { kind: 'torn', offset };
  const payload = rest.subarray(HEADER_BYTES, end);
  if (crc32(payload) !== rest.readUInt32LE(8)) return { kind: 'damaged', offset, problem: 'the content of a record is damaged' };
  return { kind: 'frame', offset, payload: payload.toString('utf8') };
}

/** Whether a payload's document has members at all. */
export function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null;
}
