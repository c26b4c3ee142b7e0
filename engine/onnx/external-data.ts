import { closeSync, fstatSync, openSync, readSync, realpathSync, statSync } from 'node:fs';
import { isAbsolute, join, normalize, relative, sep } from 'node:path';
import { GroveError } from '../../domain/errors.ts';
import { allocateBytes } from '../graph/tensor.ts';

/** Where an external tensor's bytes are: the `location`, `offset` and `length` entries of its TensorProto. */
export interface ExternalReference {
  readonly location: string;
  readonly offset: number;
  /** Undefined when the model leaves it out: then the size of type and shape counts. */
  readonly length: number | undefined;
}

/** Gives the bytes of external tensors. */
export interface ExternalData {
  /**
   * The referenced bytes; `expectedBytes` is what type and shape need. Throws `invalid-onnx` when the file is missing, outside its folder,
   * or too short.
   */
  read(reference: ExternalReference, expectedBytes: number, where: string): Uint8Array;
}

/** For models that came as bytes alone: an external tensor is an error. */
export const noExternalData: ExternalData = {
  read(reference, _expectedBytes, where) {
    throw bad(where, `its content is in the file "${reference.location}", which was not given`);
  },
};

interface OpenFile {
  readonly descriptor: number;
  readonly sizeBytes: number;
  bytesRead: number;
  readonly extents: Map<string, Uint8Array>;
}

/**
 * External data beside a model file. Reads at once, so that the model survives the removal of its folder; each extent is read once however many
 * tensors name it, and no more bytes are read than the file has: overlapping extents cannot multiply it.
 */
export class ExternalFolder implements ExternalData {
  readonly #folder: string;
  readonly #files = new Map<string, OpenFile>();

  constructor(folder: string) {
    this.#folder = folder;
  }

  read(reference: ExternalReference, expectedBytes: number, where: string): Uint8Array {
    const { offset } = reference;
    const length = reference.length ?? expectedBytes;
    if (length !== expectedBytes) throw bad(where, `type and shape need ${expectedBytes} bytes; its external length is ${length}`);
    const file = this.#open(reference.location, where);
    if (offset > file.sizeBytes || length > file.sizeBytes - offset) {
      throw bad(where, `bytes ${offset} to ${offset + length} lie outside "${reference.location}", which has ${file.sizeBytes}`);
    }
    const key = `${offset}+${length}`;
    const known = file.extents.get(key);
    if (known) return known;
    file.bytesRead += length;
    if (file.bytesRead > file.sizeBytes) throw bad(where, `its bytes in "${reference.location}" overlap those of other tensors`);
    const bytes = readExtent(file.descriptor, offset, length);
    if (!bytes) throw bad(where, `"${reference.location}" became shorter while it was read`);
    file.extents.set(key, bytes);
    return bytes;
  }

  /** Closes the files. The bytes already read stay valid. */
  close(): void {
    for (const file of this.#files.values()) closeSync(file.descriptor);
    this.#files.clear();
  }

  #open(location: string, where: string): OpenFile {
    const known = this.#files.get(location);
    if (known) return known;
    const path = resolveExternal(this.#folder, location, where);
    if (path === undefined) throw bad(where, `its external file "${location}" does not exist beside the model`);
    // Before opening: to open a named pipe would wait for its writer.
    if (!statSync(path).isFile()) throw bad(where, `"${location}" is not a file`);
    const descriptor = openSync(path, 'r');
    const file = { descriptor, sizeBytes: fstatSync(descriptor).size, bytesRead: 0, extents: new Map<string, Uint8Array>() };
    this.#files.set(location, file);
    return file;
  }
}

/**
 * The real path of a file that a model names, undefined when there is none. It must lie in the model's real folder: throws `invalid-onnx` for `..`,
 * absolute names and links that lead out.
 */
export function resolveExternal(modelFolder: string, location: string, where: string): string | undefined {
  const plain = location !== '' && !/[\0\\:]/.test(location) && !isAbsolute(location) && !normalize(location).startsWith('..');
  if (!plain) throw bad(where, `its external location "${location}" is not a plain relative path`);
  const folder = realpathSync(modelFolder);
  const path = realPathOrUndefined(join(folder, location));
  if (path === undefined) return undefined;
  const inside = relative(folder, path);
  if (inside === '..' || inside.startsWith(`..${sep}`) || isAbsolute(inside)) {
    throw bad(where, `its external file "${location}" lies outside the model's folder`);
  }
  return path;
}

function realPathOrUndefined(path: string): string | undefined {
  try {
    return realpathSync(path);
  } catch {
    return undefined;
  }
}

/** readSync moves at most 2^31-1 bytes a call. */
const MAX_READ_BYTES = 1 << 30;

function readExtent(descriptor: number, offset: number, length: number): Uint8Array | undefined {
  const bytes = allocateBytes(length);
  for (let done = 0; done < length; ) {
    const count = readSync(descriptor, bytes, done, Math.min(length - done, MAX_READ_BYTES), offset + done);
    if (count === 0) return undefined;
    done += count;
  }
  return bytes;
}

function bad(where: string, problem: string): GroveError {
  return new GroveError('invalid-onnx', { where, problem });
}
