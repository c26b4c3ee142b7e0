import { GroveError } from '../domain/errors.ts';

/**
 * Plain tar archives (POSIX ustar) of regular files in one spelling only: a header is a function of path and size, everything else (owner, time, mode)
 * is fixed. Equal members make equal archives, and whatever is spelt another way (links, folders, extensions) is none of ours.
 */

export const TAR_BLOCK_BYTES = 512;
/** Two empty blocks end an archive. */
export const TAR_END = new Uint8Array(2 * TAR_BLOCK_BYTES);

const NAME_BYTES = 100;
const PREFIX_BYTES = 155;
const NAME_AT = 0;
const SIZE_AT = 124;
const CHECKSUM_AT = 148;
const PREFIX_AT = 345;
/** Eleven octal digits; what is larger is written in base 256, as GNU tar and libarchive read it. */
const MAX_OCTAL_SIZE = 0o77777777777;

export interface TarMember {
  readonly path: string;
  readonly sizeBytes: number;
}

/** The block before a member's bytes. Throws `unsafe-path` for a path too long for the format: 100 bytes, or a folder of up to 155 before them. */
export function tarHeader({ path, sizeBytes }: TarMember): Uint8Array {
  const block = Buffer.alloc(TAR_BLOCK_BYTES);
  const { prefix, name } = splitPath(path);
  block.write(name, NAME_AT);
  block.write('0000644\x000000000\x000000000\0', 100);
  writeSize(block, sizeBytes);
  block.write('00000000000\0', 136);
  block.write('0', 156);
  block.write('ustar\x0000', 257);
  block.write(prefix, PREFIX_AT);
  block.write(' '.repeat(8), CHECKSUM_AT);
  const sum = block.reduce((total, byte) => total + byte, 0);
  block.write(`${sum.toString(8).padStart(6, '0')}\0 `, CHECKSUM_AT);
  return block;
}

/** Zeros that fill a member's last block. */
export function tarPaddingBytes(sizeBytes: number): number {
  return (TAR_BLOCK_BYTES - (sizeBytes % TAR_BLOCK_BYTES)) % TAR_BLOCK_BYTES;
}

/** Size of an archive of these members. */
export function tarSizeBytes(members: readonly TarMember[]): number {
  const bodies = members.map(({ sizeBytes }) => TAR_BLOCK_BYTES + sizeBytes + tarPaddingBytes(sizeBytes));
  return bodies.reduce((sum, bytes) => sum + bytes, TAR_END.byteLength);
}

/** What a header says, when it is exactly what {@link tarHeader} would write; else undefined. */
export function readTarHeader(block: Uint8Array): TarMember | undefined {
  const bytes = Buffer.from(block.buffer, block.byteOffset, block.byteLength);
  const prefix = textAt(bytes, PREFIX_AT, PREFIX_BYTES);
  const name = textAt(bytes, NAME_AT, NAME_BYTES);
  const member = { path: prefix === '' ? name : `${prefix}/${name}`, sizeBytes: readSize(bytes) };
  if (name === '' || !Number.isSafeInteger(member.sizeBytes) || member.sizeBytes < 0) return undefined;
  try {
    return bytes.equals(tarHeader(member)) ? member : undefined;
  } catch {
    return undefined;
  }
}

/** The longest name that fits stays whole; else the path is cut at the first slash behind which the rest fits. */
function splitPath(path: string): { readonly prefix: string; readonly name: string } {
  if (Buffer.byteLength(path) <= NAME_BYTES) return { prefix: '', name: path };
  for (const { index } of path.matchAll(/\//g)) {
    const [prefix, name] = [path.slice(0, index), path.slice(index + 1)];
    if (Buffer.byteLength(name) <= NAME_BYTES && Buffer.byteLength(prefix) <= PREFIX_BYTES) return { prefix, name };
  }
  throw new GroveError('unsafe-path', { path });
}

function writeSize(block: Buffer, sizeBytes: number): void {
  if (sizeBytes <= MAX_OCTAL_SIZE) {
    block.write(`${sizeBytes.toString(8).padStart(11, '0')}\0`, SIZE_AT);
    return;
  }
  block.writeUInt8(0x80, SIZE_AT);
  block.writeBigUInt64BE(BigInt(sizeBytes), SIZE_AT + 4);
}

function readSize(block: Buffer): number {
  if (block.readUInt8(SIZE_AT) === 0x80) return Number(block.readBigUInt64BE(SIZE_AT + 4));
  return Number.parseInt(block.toString('latin1', SIZE_AT, SIZE_AT + 11), 8);
}

/** Up to the first zero byte. */
function textAt(block: Buffer, start: number, length: number): string {
  const field = block.subarray(start, start + length);
  const end = field.indexOf(0);
  return field.toString('utf8', 0, end === -1 ? length : end);
}
