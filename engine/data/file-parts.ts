import { open } from 'node:fs/promises';
import { type AsyncBuffer, asyncBufferFromFile } from 'hyparquet';
import { z } from 'zod';

/** Bytes `from` (inclusive) to `to` (exclusive) of a file. */
export const byteRangeSchema = z.strictObject({ from: z.int().min(0), to: z.int().min(1) });
export type ByteRange = z.infer<typeof byteRangeSchema>;

/**
 * What a local file holds of a larger one: these ranges of it, one behind the other and nothing between. A file of the full length with holes would take
 * its full length on file systems that keep none.
 */
export const filePartsSchema = z.strictObject({
  /** Of the whole file. */
  sizeBytes: z.int().min(0),
  ranges: z.array(byteRangeSchema).max(100_100),
});
export type FileParts = z.infer<typeof filePartsSchema>;

/** Bytes that ranges have together. */
export function lengthOf(ranges: readonly ByteRange[]): number {
  return ranges.reduce((sum, { from, to }) => sum + to - from, 0);
}

/** A file to read Parquet from, whole or in parts. Of what lies between parts zeros are read; a read that meets no part at all is a RangeError. */
export async function parquetBuffer(file: string, parts: FileParts | undefined): Promise<AsyncBuffer> {
  if (parts === undefined) return await asyncBufferFromFile(file);
  const placed = placeParts(parts);
  return { byteLength: parts.sizeBytes, slice: (from, to = parts.sizeBytes) => readSlice(file, placed, { from, to }) };
}

interface PlacedPart extends ByteRange {
  /** Where the local file holds it. */
  readonly at: number;
}

function placeParts({ ranges }: FileParts): readonly PlacedPart[] {
  let at = 0;
  return ranges.map((range) => {
    const placed = { ...range, at };
    at += range.to - range.from;
    return placed;
  });
}

async function readSlice(file: string, parts: readonly PlacedPart[], { from, to }: ByteRange): Promise<ArrayBuffer> {
  const met = parts.filter((part) => part.from < to && part.to > from);
  if (met.length === 0 && to > from) throw new RangeError(`bytes ${from} to ${to} were not fetched`);
  const bytes = new Uint8Array(Math.max(0, to - from));
  const handle = await open(file, 'r');
  try {
    for (const part of met) {
      const [start, end] = [Math.max(from, part.from), Math.min(to, part.to)];
      const { bytesRead } = await handle.read(bytes, start - from, end - start, part.at + start - part.from);
      if (bytesRead < end - start) throw new RangeError(`bytes ${start} to ${end} were cut off`);
    }
  } finally {
    await handle.close();
  }
  return bytes.buffer;
}
