import { type FileHandle, open } from 'node:fs/promises';
import { basename } from 'node:path';
import type { Tensor } from '../graph/tensor.ts';
import type { ExternalPlace } from './encode-tensor.ts';

/** Alignment of tensors in the data file: a page for those worth mapping, a cache line for the rest. */
const PAGE_BYTES = 4096;
const LINE_BYTES = 64;
const MAPPED_BYTES = 1 << 20;

/** An initializer with its place in a data file. */
interface PlacedTensor {
  readonly name: string;
  readonly tensor: Tensor;
  readonly place: ExternalPlace;
}

/** Where placing begins, and what is placed. */
interface Placing {
  /** Name of the data file. */
  readonly location: string;
  /** Smaller initializers stay in the model. */
  readonly thresholdBytes: number;
  /** First byte that may be used. */
  readonly start: number;
}

/** Places for the large ones of the initializers, in their order. */
export function placeTensors(
  initializers: readonly (readonly [string, Tensor])[],
  { location, thresholdBytes, start }: Placing,
): readonly PlacedTensor[] {
  const placed: PlacedTensor[] = [];
  let end = start;
  for (const [name, tensor] of initializers) {
    if (!isPlaced(tensor, thresholdBytes)) continue;
    const length = tensor.bytes.length;
    const alignment = length >= MAPPED_BYTES ? PAGE_BYTES : LINE_BYTES;
    const offset = Math.ceil(end / alignment) * alignment;
    placed.push({ name, tensor, place: { location, offset, length } });
    end = offset + length;
  }
  return placed;
}

function isPlaced(tensor: Tensor, thresholdBytes: number): boolean {
  return tensor.strings === undefined && tensor.bytes.length > 0 && tensor.bytes.length >= thresholdBytes;
}

/** The byte behind the last of them; 0 when there are none. */
export function endOf(placed: readonly PlacedTensor[]): number {
  const last = placed[placed.length - 1]?.place;
  return last === undefined ? 0 : last.offset + last.length;
}

/** Writes tensors to their places. */
export async function writePlaced(file: FileHandle, placed: readonly PlacedTensor[]): Promise<void> {
  for (const { tensor, place } of placed) await writeAt(file, tensor.bytes, place.offset);
}

/** One write call may write less than asked, and at most 2 GiB. */
export async function writeAt(file: FileHandle, bytes: Uint8Array, position: number): Promise<void> {
  for (let done = 0; done < bytes.length; ) {
    const { bytesWritten } = await file.write(bytes, done, Math.min(bytes.length - done, 1 << 30), position + done);
    done += bytesWritten;
  }
}

/** A data file that several models of one folder refer to: bytes that more than one of them hold lie in it once. */
export class SharedDataFile {
  readonly #path: string;
  readonly #places = new WeakMap<Uint8Array, ExternalPlace>();
  #end = 0;

  /** @param path where the file is made when the first model is written; nothing may be there. */
  constructor(path: string) {
    this.#path = path;
  }

  /** Places of the large ones of the initializers by name; those whose bytes are not in the file are appended to it. */
  async place(initializers: readonly (readonly [string, Tensor])[], thresholdBytes: number): Promise<ReadonlyMap<string, ExternalPlace>> {
    const unknown = new Map(initializers.filter(([, { bytes }]) => !this.#places.has(bytes)).map((each) => [each[1].bytes, each]));
    const placing = { location: basename(this.#path), thresholdBytes, start: this.#end };
    await this.#append(placeTensors([...unknown.values()], placing));
    const placed = initializers.filter(([, tensor]) => isPlaced(tensor, thresholdBytes));
    return new Map(
      placed.flatMap(([name, { bytes }]) => {
        const place = this.#places.get(bytes);
        return place === undefined ? [] : [[name, place] as const];
      }),
    );
  }

  async #append(placed: readonly PlacedTensor[]): Promise<void> {
    if (placed.length === 0) return;
    const file = await open(this.#path, this.#end === 0 ? 'wx' : 'r+');
    try {
      await writePlaced(file, placed);
    } finally {
      await file.close();
    }
    for (const { tensor, place } of placed) this.#places.set(tensor.bytes, place);
    this.#end = endOf(placed);
  }
}
