import { type FileHandle, open } from 'node:fs/promises';
import { readTarHeader, TAR_BLOCK_BYTES, TAR_END, tarPaddingBytes } from '../../platform/tar.ts';

/** Members one archive may have; far more than a bundle lists. */
const MAX_MEMBERS = 20_000;

/** Where a member lies in its archive. */
export interface ArchiveMember {
  readonly path: string;
  readonly offset: number;
  readonly sizeBytes: number;
}

/** Something that is not as it should be; `member` is empty where it is the archive itself. */
export interface BundleProblem {
  readonly member: string;
  readonly problem: string;
}

export interface ArchiveIndex {
  readonly members: readonly ArchiveMember[];
  readonly problems: readonly BundleProblem[];
}

/**
 * Finds the members of an archive without reading their bytes. Whatever is not exactly as a bundle is written (another kind of entry, bytes between or behind
 * members, an end that is missing) is a problem; what comes behind it is not looked at.
 */
export async function readArchive(file: FileHandle): Promise<ArchiveIndex> {
  const { size } = await file.stat();
  const members: ArchiveMember[] = [];
  const broken = (member: string, problem: string) => ({ members, problems: [{ member, problem }] });
  for (let offset = 0; ; ) {
    const block = await readBytes(file, offset, TAR_BLOCK_BYTES);
    if (block.byteLength < TAR_BLOCK_BYTES) return broken('', `it ends at byte ${size}, before the end of the archive`);
    if (block.every((byte) => byte === 0)) return { members, problems: await endProblems(file, offset, size) };
    const header = readTarHeader(block);
    if (header === undefined) return broken('', `byte ${offset} begins no member of a bundle`);
    const at = offset + TAR_BLOCK_BYTES;
    const end = at + header.sizeBytes;
    if (end > size) return broken(header.path, `it is cut: ${header.sizeBytes} bytes are announced, ${size - at} are there`);
    const padding = await readBytes(file, end, tarPaddingBytes(header.sizeBytes));
    if (padding.byteLength < tarPaddingBytes(header.sizeBytes)) return broken(header.path, 'it is cut behind its last byte');
    if (padding.some((byte) => byte !== 0)) return broken(header.path, 'other bytes follow it where nothing may be');
    if (members.length >= MAX_MEMBERS) return broken('', `it has more than ${MAX_MEMBERS} members`);
    members.push({ path: header.path, offset: at, sizeBytes: header.sizeBytes });
    offset = end + padding.byteLength;
  }
}

async function endProblems(file: FileHandle, offset: number, sizeBytes: number): Promise<BundleProblem[]> {
  const end = await readBytes(file, offset, TAR_END.byteLength);
  if (end.byteLength < TAR_END.byteLength || end.some((byte) => byte !== 0)) return [{ member: '', problem: 'its end is damaged' }];
  const behind = sizeBytes - offset - end.byteLength;
  return behind === 0 ? [] : [{ member: '', problem: `${behind} bytes follow its end` }];
}

/** Up to `length` bytes; fewer at the end of the file. */
export async function readBytes(file: FileHandle, offset: number, length: number): Promise<Uint8Array> {
  const buffer = Buffer.alloc(length);
  const { bytesRead } = await file.read(buffer, 0, length, offset);
  return buffer.subarray(0, bytesRead);
}

/** Opens a file, gives it away for a while and closes it. */
export async function withFile<T>(path: string, use: (file: FileHandle) => Promise<T>): Promise<T> {
  const file = await open(path, 'r');
  try {
    return await use(file);
  } finally {
    await file.close();
  }
}
