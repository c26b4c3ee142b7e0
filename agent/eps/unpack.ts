import { createWriteStream } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { type Entry, openPromise, type ZipFile } from 'yauzl';
import { GroveError } from '../../domain/errors.ts';

/** What an archive may hold: OpenVINO's wheel is 160 MB, CUDA builds are some GB. */
const MAX_BYTES = 8 * 1024 ** 3;
const MAX_ENTRIES = 20_000;
/** File type bits of a Unix mode in the upper half of the external attributes. */
const TYPE_MASK = 0o170000;
const SYMBOLIC_LINK = 0o120000;

/** Bounds of an archive, for tests. */
interface Bounds {
  readonly maxBytes?: number;
  readonly maxEntries?: number;
}

/**
 * Unpacks a zip file (a wheel is one) into an existing empty folder. Names that lead out of it, links, entries that are larger than they say and
 * archives larger than 8 GiB are refused. Throws `invalid-ep-package`; what was unpacked so far stays.
 */
export async function unpackZip(
  path: string,
  folder: string,
  { maxBytes = MAX_BYTES, maxEntries = MAX_ENTRIES }: Bounds = {},
): Promise<void> {
  try {
    // yauzl itself refuses absolute names, `..` and backslashes, and entries of another size than declared.
    const zip = await openPromise(path, { lazyEntries: true, validateEntrySizes: true, strictFileNames: true, autoClose: false });
    try {
      if (zip.entryCount > maxEntries) throw new Error(`it has ${zip.entryCount} entries; the limit is ${maxEntries}`);
      await unpackEntries(zip, folder, maxBytes);
    } finally {
      zip.close();
    }
  } catch (cause) {
    if (cause instanceof GroveError) throw cause;
    throw new GroveError(
      'invalid-ep-package',
      { package: path, problem: cause instanceof Error ? cause.message : String(cause) },
      { cause },
    );
  }
}

async function unpackEntries(zip: ZipFile, folder: string, maxBytes: number): Promise<void> {
  let remaining = maxBytes;
  for await (const entry of zip.eachEntry()) {
    remaining -= entry.uncompressedSize;
    if (remaining < 0) throw new Error(`it unpacks to more than ${maxBytes} bytes`);
    assertPlain(entry);
    const target = join(folder, ...entry.fileName.split('/'));
    if (entry.fileName.endsWith('/')) await mkdir(target, { recursive: true });
    else await unpackFile(zip, entry, target);
  }
}

function assertPlain({ fileName, externalFileAttributes }: Entry): void {
  if (((externalFileAttributes >>> 16) & TYPE_MASK) === SYMBOLIC_LINK) throw new Error(`"${fileName}" is a symbolic link`);
}

async function unpackFile(zip: ZipFile, entry: Entry, target: string): Promise<void> {
  await mkdir(dirname(target), { recursive: true });
  const content = await zip.openReadStreamPromise(entry);
  // Never overwrites: two entries of one name, or two that only differ in case, are no honest archive.
  await pipeline(content, createWriteStream(target, { flags: 'wx' }));
}
