import type { AppendFile, Files } from '../../domain/ports.ts';

interface DiskFile {
  /** What a power cut leaves for certain. */
  durable: Uint8Array;
  /** With what was appended since the last sync. */
  written: Uint8Array;
}

export interface CrashDiskOptions {
  /** Every operation from this one on fails; the first is 1. */
  readonly failFrom?: number;
}

/** A disk in memory that records what is done to it, can be held back or fail at any operation, and loses on a power cut what was not synced. */
export class CrashDisk implements Files {
  /** What has been done, in order: `append journal-1`, `sync journal-1`. */
  readonly trace: string[] = [];
  readonly files = new Map<string, DiskFile>();
  failFrom: number;
  #held: Promise<void> | undefined;
  #release: (() => void) | undefined;

  constructor({ failFrom = Number.POSITIVE_INFINITY }: CrashDiskOptions = {}) {
    this.failFrom = failFrom;
  }

  /** Syncs wait from now on. */
  holdSyncs(): void {
    this.#held = new Promise((resolve) => {
      this.#release = resolve;
    });
  }

  releaseSyncs(): void {
    this.#release?.();
    this.#held = undefined;
  }

  /** The disk after a power cut: synced content, and of the rest as many bytes as happened to get through. */
  afterPowerCut(unsyncedBytes = 0): CrashDisk {
    const disk = new CrashDisk();
    for (const [path, { durable, written }] of this.files) disk.put(path, written.subarray(0, durable.length + unsyncedBytes));
    return disk;
  }

  put(path: string, bytes: Uint8Array): void {
    this.files.set(path, { durable: new Uint8Array(bytes), written: new Uint8Array(bytes) });
  }

  bytesOf(path: string): Uint8Array {
    return this.files.get(path)?.written ?? new Uint8Array();
  }

  async read(path: string): Promise<Uint8Array | undefined> {
    return this.files.get(path)?.written;
  }

  async writeAtomic(path: string, bytes: Uint8Array): Promise<void> {
    const draft = `${path}.0123.tmp`;
    this.#step(`draft ${path}`);
    this.put(draft, bytes.subarray(0, bytes.length / 2));
    this.#step(`replace ${path}`);
    this.files.delete(draft);
    this.put(path, bytes);
  }

  async openAppend(path: string, sizeBytes = Number.POSITIVE_INFINITY): Promise<AppendFile> {
    this.#step(`open ${path}`);
    this.put(path, this.bytesOf(path).subarray(0, sizeBytes));
    return {
      append: async (bytes) => this.#append(path, bytes),
      sync: async () => {
        this.#step(`sync ${path}`);
        await this.#held;
        const file = this.#file(path);
        file.durable = file.written;
        this.trace.push(`synced ${path}`);
      },
      close: async () => {},
    };
  }

  async list(folder: string): Promise<readonly string[]> {
    return [...this.files.keys()].filter((path) => path.startsWith(`${folder}/`)).map((path) => path.slice(folder.length + 1));
  }

  async remove(path: string): Promise<void> {
    this.#step(`remove ${path}`);
    this.files.delete(path);
  }

  async makeFolder(): Promise<void> {}

  #append(path: string, bytes: Uint8Array): void {
    const file = this.#file(path);
    const fails = this.trace.length + 1 >= this.failFrom;
    // A failing write may have written a part.
    const part = fails ? bytes.subarray(0, bytes.length / 2) : bytes;
    file.written = Buffer.concat([file.written, part]);
    this.#step(`append ${path}`);
  }

  #file(path: string): DiskFile {
    const file = this.files.get(path);
    if (file === undefined) throw new Error(`no file ${path}`);
    return file;
  }

  #step(what: string): void {
    if (this.trace.length + 1 >= this.failFrom) throw new Error(`disk failed at ${what}`);
    this.trace.push(what);
  }
}
