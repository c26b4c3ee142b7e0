import { type FileHandle, open } from 'node:fs/promises';
import { GroveError } from '../../domain/errors.ts';
import type { ParquetPlan } from '../../engine/data/parquet-plan.ts';

/** Reads bytes `from` (inclusive) to `to` (exclusive) of a remote file. */
export type ReadRange = (range: { readonly from: number; readonly to: number }) => Promise<Buffer>;

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
 * Makes `path` a file as long as the remote one that holds its footer and nothing else. What the footer says is left to a process of its own: it comes
 * from outside. Throws `model-access` for what is no Parquet file.
 */
export async function fetchFooter(remote: RemoteParquet, path: string): Promise<void> {
  const { sizeBytes, name, read } = remote;
  if (sizeBytes < TAIL_BYTES + MAGIC.length) throw notParquet(name);
  const guessed = Math.max(0, sizeBytes - FOOTER_GUESS_BYTES);
  const end = await read({ from: guessed, to: sizeBytes });
  const footerBytes = end.readUInt32LE(end.length - TAIL_BYTES) + TAIL_BYTES;
  if (end.toString('latin1', end.length - MAGIC.length) !== MAGIC || footerBytes > Math.min(sizeBytes, MAX_FOOTER_BYTES))
    throw notParquet(name);
  await withFile(path, 'w', async (file) => {
    await file.truncate(sizeBytes);
    await file.write(end, 0, end.length, guessed);
    // The magic number at the start tells the format apart.
    if (guessed > 0) await copyRange(remote, { from: 0, to: Math.min(guessed, MAGIC.length) }, { file, onBytes: () => {} });
    if (footerBytes > end.length) await copyRange(remote, { from: sizeBytes - footerBytes, to: guessed }, { file, onBytes: () => {} });
  });
}

/** Brings the planned bytes to their places in `path`. Throws `too-large` when they are more than any caller may want. */
export async function fetchRanges(
  remote: RemoteParquet,
  { ranges }: ParquetPlan,
  { path, onBytes }: { readonly path: string; onBytes(bytes: number): void },
): Promise<void> {
  const sizeBytes = ranges.reduce((sum, { from, to }) => sum + to - from, 0);
  if (sizeBytes > MAX_ROWS_BYTES)
    throw new GroveError('too-large', { what: `the rows of ${remote.name}`, sizeBytes, limitBytes: MAX_ROWS_BYTES });
  await withFile(path, 'r+', async (file) => {
    let doneBytes = 0;
    for (const range of ranges) {
      await copyRange(remote, range, { file, onBytes: (bytes) => onBytes(doneBytes + bytes) });
      doneBytes += range.to - range.from;
    }
  });
}

async function copyRange(
  { read }: RemoteParquet,
  { from, to }: { readonly from: number; readonly to: number },
  { file, onBytes }: { readonly file: FileHandle; onBytes(bytes: number): void },
): Promise<void> {
  for (let position = from; position < to; ) {
    const bytes = await read({ from: position, to: Math.min(to, position + REQUEST_BYTES) });
    await file.write(bytes, 0, bytes.length, position);
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
