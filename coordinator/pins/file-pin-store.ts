import { join } from 'node:path';
import { z } from 'zod';
import { GroveError } from '../../domain/errors.ts';
import type { Files } from '../../domain/ports.ts';
import { type Pin, pinSchema } from '../../domain/suite.ts';
import type { PinStore } from './pin-store.ts';

const FILE = 'pins.json';

const documentSchema = z.strictObject({ schemaVersion: z.literal(1), pins: z.array(pinSchema) });

/** Pins in one file of a coordinator's folder, replaced whole with every change. */
export class FilePinStore implements PinStore {
  readonly #files: Files;
  readonly #path: string;
  #pins: readonly Pin[];
  /** Changes follow one another, so that none is lost between reading and writing. */
  #lastWrite: Promise<unknown> = Promise.resolve();

  private constructor(files: Files, path: string, pins: readonly Pin[]) {
    this.#files = files;
    this.#path = path;
    this.#pins = pins;
  }

  /** Throws `invalid-config` for a file that is no list of pins. */
  static async open(folder: string, files: Files): Promise<FilePinStore> {
    await files.makeFolder(folder);
    const path = join(folder, FILE);
    const bytes = await files.read(path);
    return new FilePinStore(files, path, bytes === undefined ? [] : parse(path, bytes));
  }

  async pins(): Promise<readonly Pin[]> {
    return this.#pins;
  }

  async pin(pin: Pin): Promise<void> {
    await this.#change((pins) => [...pins.filter(({ suite }) => suite !== pin.suite), pin].sort((a, b) => (a.suite < b.suite ? -1 : 1)));
  }

  async unpin(suite: string): Promise<boolean> {
    const before = await this.#change((pins) => pins.filter((pin) => pin.suite !== suite));
    return before.some((pin) => pin.suite === suite);
  }

  /** Returns the pins before the change. */
  #change(edit: (pins: readonly Pin[]) => readonly Pin[]): Promise<readonly Pin[]> {
    const write = this.#lastWrite.then(async () => {
      const before = this.#pins;
      const pins = edit(before);
      await this.#files.writeAtomic(this.#path, Buffer.from(JSON.stringify({ schemaVersion: 1, pins })));
      this.#pins = pins;
      return before;
    });
    this.#lastWrite = write.catch(() => {});
    return write;
  }
}

function parse(path: string, bytes: Uint8Array): readonly Pin[] {
  try {
    return documentSchema.parse(JSON.parse(new TextDecoder().decode(bytes))).pins;
  } catch (cause) {
    throw new GroveError('invalid-config', { where: path, problem: 'it is no list of pinned suites' }, { cause });
  }
}
