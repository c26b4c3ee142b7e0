import { closeSync, openSync, writev as writevWithCallback, write as writeWithCallback } from 'node:fs';
import { basename } from 'node:path';
import { promisify } from 'node:util';
import type { Tensor } from '../graph/tensor.ts';
import type { ExternalPlace } from './encode-tensor.ts';

const write = promisify(writeWithCallback);
const writev = promisify(writevWithCallback);

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

/** What one call takes at most: systems allow 1024 buffers and 2 GiB. */
const MAX_BUFFERS = 1000;
const MAX_CALL_BYTES = 1 << 30;

/** Zeros between tensors. */
const PADDING = new Uint8Array(PAGE_BYTES);

/**
 * Writes tensors to their places, which ascend, in as few calls as may be: between calls the writing waits for this thread, which is often busy.
 */
export async function writePlaced(descriptor: number, placed: readonly PlacedTensor[]): Promise<void> {
  let batch: Batch = { position: 0, buffers: [], sizeBytes: 0 };
  for (const { tensor, place } of placed) {
    const end = batch.position + batch.sizeBytes;
    const isFull = batch.buffers.length + 2 > MAX_BUFFERS || batch.sizeBytes + tensor.bytes.length > MAX_CALL_BYTES;
    if (batch.buffers.length > 0 && isFull) await writeBatch(descriptor, batch);
    if (batch.buffers.length === 0 || isFull) batch = { position: place.offset, buffers: [], sizeBytes: 0 };
    else if (place.offset > end) add(batch, PADDING.subarray(0, place.offset - end));
    add(batch, tensor.bytes);
  }
  await writeBatch(descriptor, batch);
}

interface Batch {
  readonly position: number;
  readonly buffers: Uint8Array[];
  sizeBytes: number;
}

function add(batch: Batch, bytes: Uint8Array): void {
  batch.buffers.push(bytes);
  batch.sizeBytes += bytes.length;
}

/** A call that writes less than asked says by an error in the next one why. */
async function writeBatch(descriptor: number, { position, buffers, sizeBytes }: Batch): Promise<void> {
  if (buffers.length === 0) return;
  const bytesWritten = sizeBytes > MAX_CALL_BYTES ? 0 : (await writev(descriptor, buffers, position)).bytesWritten;
  if (bytesWritten === sizeBytes) return;
  let start = position;
  for (const bytes of buffers) {
    await writeAt(descriptor, bytes, start);
    start += bytes.length;
  }
}

/** One write call may write less than asked, and at most 2 GiB. */
export async function writeAt(descriptor: number, bytes: Uint8Array, position: number): Promise<void> {
  for (let done = 0; done < bytes.length; ) {
    const { bytesWritten } = await write(descriptor, bytes, done, Math.min(bytes.length - done, MAX_CALL_BYTES), position + done);
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
    // Opened at once: the writing begins before whoever asked for it does anything else.
    const descriptor = openSync(this.#path, this.#end === 0 ? 'wx' : 'r+');
    try {
      await writePlaced(descriptor, placed);
    } finally {
      closeSync(descriptor);
    }
    for (const { tensor, place } of placed) this.#places.set(tensor.bytes, place);
    this.#end = endOf(placed);
  }
}
