import { statSync } from 'node:fs';
import { GroveError } from '../../domain/errors.ts';
import { type ExternalData, type ExternalReference, resolveExternal } from '../onnx/external-data.ts';

/** Largest tensor whose size is believed: an address range of zeros stands for it. */
const MAX_TENSOR_BYTES = 2 ** 33;

/** A file of weights beside a model. */
export interface ExternalFile {
  readonly location: string;
  readonly tensors: number;
  /** Bytes that the model says are in it. */
  readonly bytes: number;
  /** Null: there is no such file. */
  readonly sizeBytes: number | null;
  /** `short`: a tensor lies beyond its end. */
  readonly state: 'present' | 'missing' | 'short';
}

interface Seen {
  readonly sizeBytes: number | null;
  tensors: number;
  bytes: number;
  end: number;
}

/**
 * Where a model's external tensors lie, without reading any: each is a view of zeros that the operating system never backs with memory as long as
 * nobody looks at them. Missing and short files are told, not refused; a file outside the model's folder is.
 */
export class ExternalSizes implements ExternalData {
  readonly #folder: string;
  readonly #files = new Map<string, Seen>();
  readonly #places = new WeakMap<Uint8Array, string>();
  #zeros = new Uint8Array(0);

  constructor(folder: string) {
    this.#folder = folder;
  }

  read({ location, offset }: ExternalReference, expectedBytes: number, where: string): Uint8Array {
    if (expectedBytes > MAX_TENSOR_BYTES)
      throw new GroveError('too-large', { what: where, sizeBytes: expectedBytes, limitBytes: MAX_TENSOR_BYTES });
    const file = this.#files.get(location) ?? this.#look(location, where);
    file.tensors += 1;
    file.bytes += expectedBytes;
    file.end = Math.max(file.end, offset + expectedBytes);
    if (expectedBytes > this.#zeros.length) this.#zeros = new Uint8Array(expectedBytes);
    const view = this.#zeros.subarray(0, expectedBytes);
    this.#places.set(view, location);
    return view;
  }

  #look(location: string, where: string): Seen {
    const path = resolveExternal(this.#folder, location, where);
    const status = path === undefined ? undefined : statSync(path);
    const seen: Seen = { sizeBytes: status?.isFile() === true ? status.size : null, tensors: 0, bytes: 0, end: 0 };
    this.#files.set(location, seen);
    return seen;
  }

  /** The file that holds these bytes of a tensor; undefined for one inside the model file. */
  placeOf(bytes: Uint8Array): string | undefined {
    return this.#places.get(bytes);
  }

  /** Every file that was asked for, in the order of the model. */
  files(): readonly ExternalFile[] {
    return [...this.#files].map(([location, { tensors, bytes, sizeBytes, end }]) => {
      const state = sizeBytes === null ? 'missing' : end > sizeBytes ? 'short' : 'present';
      return { location, tensors, bytes, sizeBytes, state };
    });
  }
}
