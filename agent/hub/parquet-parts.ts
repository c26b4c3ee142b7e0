import { type FileHandle, open } from 'node:fs/promises';
import { GroveError } from '../../domain/errors.ts';
import { type ByteRange, type FileParts, lengthOf } from '../../engine/data/file-parts.ts';
import type { ParquetPlan } from '../../engine/data/parquet-plan.ts';

/** Reads bytes `from` (inclusive) to `to` (exclusive) of a remote file. */
export type ReadRange = (range: ByteRange) => Promise<Buffer>;

/** A remote Parquet file. */
export interface RemoteParquet {
  /** For messages. */
  readonly name: string;
  readonly sizeBytes: number;
  readonly read: ReadRange;
}

/** Most files' footers are smaller, so that one request brings them. */
const FOOTER_GUESS_BYTES = 65_536;
/** Wide tables with many row groups have footers of a few megabytes. */
const MAX_FOOTER_BYTES = 67_108_864;
/** Length of the footer and the magic number behind it. */
const TAIL_BYTES = 8;
const MAGIC = 'PAR1';
/** Most bytes of rows fetched from one file. */
const MAX_ROWS_BYTES = 1_073_741_824;
/** Bytes of one request: what is held in memory at a time. */
const REQUEST_BYTES = 8_388_608;

/**
 * Writes the footer of a remote file to `path` and returns which bytes these are. What the footer says is left to a process of its own: it comes from
 * outside. Throws `model-access` for what is no Parquet file.
 */
export async function fetchFooter(remote: RemoteParquet, path: string): Promise<FileParts> {
  const { sizeBytes, name, read } = remote;
  if (sizeBytes < TAIL_BYTES + MAGIC.length) throw notParquet(name);
  const guessed = Math.max(0, sizeBytes - FOOTER_GUESS_BYTES);
  const end = await read({ from: guessed, to: sizeBytes });
  const footerBytes = end.readUInt32LE(end.length - TAIL_BYTES) + TAIL_BYTES;
  if (end.toString('latin1', end.length - MAGIC.length) !== MAGIC || footerBytes > Math.min(sizeBytes, MAX_FOOTER_BYTES))
    throw notParquet(name);
  const rest = footerBytes > end.length ? [{ from: sizeBytes - footerBytes, to: guessed }] : [];
  await withFile(path, 'w', async (file) => {
    await file.write(end, 0, end.length, 0);
    for (const range of rest) await copyRange(remote, range, { file, at: end.length, onBytes: () => {} });
  });
  return { sizeBytes, ranges: [{ from: guessed, to: sizeBytes }, ...rest] };
}

/** Writes the planned bytes behind those that `path` holds, and returns what it holds now. Throws `too-large` when they are more than any caller may want. */
export async function fetchRanges(
  remote: RemoteParquet,
  { ranges }: ParquetPlan,
  { path, parts, onBytes }: { readonly path: string; readonly parts: FileParts; onBytes(bytes: number): void },
): Promise<FileParts> {
  const sizeBytes = lengthOf(ranges);
  if (sizeBytes > MAX_ROWS_BYTES)
    throw new GroveError('too-large', { what: `the rows of ${remote.name}`, sizeBytes, limitBytes: MAX_ROWS_BYTES });
  await withFile(path, 'r+', async (file) => {
    const begin = lengthOf(parts.ranges);
    let doneBytes = 0;
    for (const range of ranges) {
      await copyRange(remote, range, { file, at: begin + doneBytes, onBytes: (bytes) => onBytes(doneBytes + bytes) });
      doneBytes += range.to - range.from;
    }
  });
  return { ...parts, ranges: [...parts.ranges, ...ranges] };
}

async function copyRange(
  { read }: RemoteParquet,
  { from, to }: ByteRange,
  { file, at, onBytes }: { readonly file: FileHandle; readonly at: number; onBytes(bytes: number): void },
): Promise<void> {
  for (let position = from; position < to; ) {
    const bytes = await read({ from: position, to: Math.min(to, position + REQUEST_BYTES) });
    await file.write(bytes, 0, bytes.length, at + position - from);
    position += bytes.length;
    onBytes(position - from);
  }
}

async function withFile(path: string, flags: string, work: (file: FileHandle) => Promise<void>): Promise<void> {
  const file = await open(path, flags);
  try {
    await work(file);
  } finally {
    await file.close();
  }
}

function notParquet(name: string): GroveError {
  return new GroveError('model-access', { id: name, problem: 'it is no Parquet file' });
}
