import { crc32 } from 'node:zlib';

/** A file of an archive. */
export interface ZipFixture {
  readonly name: string;
  readonly content: string;
  /** Unix mode with its file type; default: a regular file. */
  readonly mode?: number;
  /** What the archive says of its size, where that is a lie. */
  readonly declaredBytes?: number;
}

/** A zip archive of stored files. */
export function zipOf(files: readonly ZipFixture[]): Buffer {
  const locals: Buffer[] = [];
  const central: Buffer[] = [];
  let offset = 0;
  for (const file of files) {
    const local = Buffer.concat([localHeader(file), Buffer.from(file.name), Buffer.from(file.content)]);
    central.push(Buffer.concat([centralHeader(file, offset), Buffer.from(file.name)]));
    locals.push(local);
    offset += local.length;
  }
  const directory = Buffer.concat(central);
  const end = Buffer.alloc(22);
  end.writeUInt32LE(0x06054b50, 0);
  end.writeUInt16LE(files.length, 8);
  end.writeUInt16LE(files.length, 10);
  end.writeUInt32LE(directory.length, 12);
  end.writeUInt32LE(offset, 16);
  return Buffer.concat([...locals, directory, end]);
}

/** What both headers say, from the version to the length of the name. */
function facts({ name, content, declaredBytes }: ZipFixture): Buffer {
  const bytes = Buffer.alloc(24);
  bytes.writeUInt16LE(20, 0);
  bytes.writeUInt32LE(crc32(Buffer.from(content)), 10);
  bytes.writeUInt32LE(declaredBytes ?? Buffer.byteLength(content), 14);
  bytes.writeUInt32LE(declaredBytes ?? Buffer.byteLength(content), 18);
  bytes.writeUInt16LE(Buffer.byteLength(name), 22);
  return bytes;
}

function localHeader(file: ZipFixture): Buffer {
  const signature = Buffer.from([0x50, 0x4b, 3, 4]);
  return Buffer.concat([signature, facts(file), Buffer.alloc(2)]);
}

function centralHeader(file: ZipFixture, offset: number): Buffer {
  const head = Buffer.from([0x50, 0x4b, 1, 2, 20, 3]);
  const tail = Buffer.alloc(16);
  tail.writeUInt32LE(((file.mode ?? 0o100644) << 16) >>> 0, 8);
  tail.writeUInt32LE(offset, 12);
  return Buffer.concat([head, facts(file), tail]);
}
