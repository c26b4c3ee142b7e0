import { closeSync, fstatSync, openSync, readSync, readv as readvWithCallback, statSync } from 'node:fs';
import { basename } from 'node:path';
import { promisify } from 'node:util';
import { z } from 'zod';
import { GroveError } from '../../domain/errors.ts';
import { byteLengthOf, DataType } from '../graph/data-type.ts';
import { allocateBytes, type Tensor } from '../graph/tensor.ts';
import { findDuplicateKey } from './json-keys.ts';

const readv = promisify(readvWithCallback);

/** safetensors type names by ONNX type. Types that ONNX lacks are refused. */
const DATA_TYPES: ReadonlyMap<string, DataType> = new Map([
  ['F64', DataType.DOUBLE],
  ['F32', DataType.FLOAT],
  ['F16', DataType.FLOAT16],
  ['BF16', DataType.BFLOAT16],
  ['F8_E4M3', DataType.FLOAT8E4M3FN],
  ['F8_E5M2', DataType.FLOAT8E5M2],
  ['I64', DataType.INT64],
  ['I32', DataType.INT32],
  ['I16', DataType.INT16],
  ['I8', DataType.INT8],
  ['U64', DataType.UINT64],
  ['U32', DataType.UINT32],
  ['U16', DataType.UINT16],
  ['U8', DataType.UINT8],
  ['BOOL', DataType.BOOL],
]);

/** The format's own limit on the header. */
const MAX_HEADER_BYTES = 100_000_000;

const PREFIX_BYTES = 8;
const EMPTY = new Uint8Array(0);

/** Files up to this size are read ahead: all of their tensors are in memory at once. */
const MAX_AHEAD_BYTES = 1 << 29;

/** What one call reads: systems take at most 1024 buffers. */
const MAX_AHEAD_TENSORS = 1000;

async function readAll(descriptor: number, buffers: readonly Uint8Array[], position: number): Promise<number> {
  return (await readv(descriptor, buffers, position)).bytesRead;
}

const sizeSchema = z.number().int().nonnegative();
const entrySchema = z.strictObject({
  dtype: z.string(),
  shape: z.array(sizeSchema).max(64),
  data_offsets: z.tuple([sizeSchema, sizeSchema]),
});
const metadataSchema = z.record(z.string(), z.string());

/** Where one tensor lies; `begin` counts from the start of the file. */
export interface SafetensorsEntry {
  readonly dataType: DataType;
  readonly dims: readonly number[];
  readonly begin: number;
  readonly sizeBytes: number;
}

/** An open safetensors file. Its header is checked completely when it is opened; content is read tensor by tensor. */
export class SafetensorsFile {
  readonly entries: ReadonlyMap<string, SafetensorsEntry>;
  readonly #descriptor: number;
  readonly #name: string;
  readonly #ahead = new Map<string, Uint8Array>();
  #isReading = false;
  #isClosed = false;

  /** Throws `invalid-safetensors` when the file is not exactly what its header says, or `not-found`. */
  constructor(path: string) {
    this.#name = basename(path);
    this.#descriptor = openFile(path);
    try {
      this.entries = this.#readHeader();
    } catch (thrown) {
      closeSync(this.#descriptor);
      throw thrown;
    }
  }

  /** A tensor's content in a buffer of its own, or undefined when the file has no such tensor. */
  read(name: string): Tensor | undefined {
    const entry = this.entries.get(name);
    if (!entry) return undefined;
    return { dataType: entry.dataType, dims: entry.dims, bytes: this.#takeAhead(name) ?? this.#readAt(entry.begin, entry.sizeBytes) };
  }

  /**
   * Reads what is not too much in the background, for `read` to find. What is not there yet then, or could not be read, is read when it is asked for.
   * Resolves when nothing more is to come; never rejects.
   */
  async readAhead(): Promise<void> {
    // The format leaves no gaps: one call reads them all, without coming back to a thread that is busy meanwhile.
    const entries = [...this.entries].filter(([, { sizeBytes }]) => sizeBytes > 0).sort(([, a], [, b]) => a.begin - b.begin);
    const sizeBytes = entries.reduce((sum, [, entry]) => sum + entry.sizeBytes, 0);
    const first = entries[0];
    if (first === undefined || this.#isClosed || sizeBytes > MAX_AHEAD_BYTES || entries.length > MAX_AHEAD_TENSORS) return;
    const buffers = entries.map(([, entry]) => allocateBytes(entry.sizeBytes));
    this.#isReading = true;
    const bytesRead = await readAll(this.#descriptor, buffers, first[1].begin).catch(() => 0);
    this.#isReading = false;
    if (this.#isClosed) closeSync(this.#descriptor);
    else if (bytesRead === sizeBytes) for (const [index, [name]] of entries.entries()) this.#ahead.set(name, buffers[index] ?? EMPTY);
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#ahead.clear();
    // A number that a read still uses may not be given to another file.
    if (!this.#isReading) closeSync(this.#descriptor);
  }

  /** Every tensor is handed out once: whoever asks again gets bytes of its own. */
  #takeAhead(name: string): Uint8Array | undefined {
    const bytes = this.#ahead.get(name);
    this.#ahead.delete(name);
    return bytes;
  }

  #readHeader(): ReadonlyMap<string, SafetensorsEntry> {
    const { size } = fstatSync(this.#descriptor);
    const headerBytes = headerLength(this.#readAt(0, Math.min(PREFIX_BYTES, size)), size, this.#name);
    return parseHeader(this.#readAt(PREFIX_BYTES, headerBytes), size, this.#name);
  }

  #readAt(position: number, length: number): Uint8Array {
    const bytes = allocateBytes(length);
    for (let done = 0; done < length; ) {
      const count = readSync(this.#descriptor, bytes, done, Math.min(length - done, 1 << 30), position + done);
      if (count === 0) throw bad(this.#name, 'it became shorter while it was read');
      done += count;
    }
    return bytes;
  }
}

/** All tensors of a safetensors file held in memory, as views of `bytes`. Throws `invalid-safetensors`. */
export function parseSafetensors(bytes: Uint8Array, file: string): Map<string, Tensor> {
  const headerBytes = headerLength(bytes, bytes.length, file);
  const entries = parseHeader(bytes.subarray(PREFIX_BYTES, PREFIX_BYTES + headerBytes), bytes.length, file);
  const tensors = new Map<string, Tensor>();
  for (const [name, { dataType, dims, begin, sizeBytes }] of entries) {
    tensors.set(name, { dataType, dims, bytes: bytes.subarray(begin, begin + sizeBytes) });
  }
  return tensors;
}

function openFile(path: string): number {
  let isFile: boolean;
  try {
    // Before opening: to open a named pipe would wait for its writer.
    isFile = statSync(path).isFile();
  } catch (cause) {
    throw new GroveError('not-found', { kind: 'weights file', id: path }, { cause });
  }
  if (!isFile) throw bad(basename(path), 'it is not a file');
  return openSync(path, 'r');
}

function headerLength(bytes: Uint8Array, fileBytes: number, file: string): number {
  if (fileBytes < PREFIX_BYTES) throw bad(file, `it has ${fileBytes} bytes, too few for a header`);
  const declared = new DataView(bytes.buffer, bytes.byteOffset, PREFIX_BYTES).getBigUint64(0, true);
  if (declared > BigInt(MAX_HEADER_BYTES)) throw bad(file, `its header declares ${declared} bytes; the format allows ${MAX_HEADER_BYTES}`);
  const length = Number(declared);
  if (length > fileBytes - PREFIX_BYTES)
    throw bad(file, `its header declares ${length} bytes; the file ends after ${fileBytes - PREFIX_BYTES}`);
  return length;
}

function parseHeader(header: Uint8Array, fileBytes: number, file: string): Map<string, SafetensorsEntry> {
  const members = parseObject(header, file);
  const dataStart = PREFIX_BYTES + header.length;
  const entries = new Map<string, SafetensorsEntry>();
  for (const [name, value] of Object.entries(members)) {
    if (name === '__metadata__') {
      if (!metadataSchema.safeParse(value).success) throw bad(file, '__metadata__ is not a map of strings');
    } else entries.set(name, parseEntry(value, dataStart, `${file}, tensor "${name}"`));
  }
  checkLayout(entries, fileBytes, { dataStart, file });
  return entries;
}

function parseObject(header: Uint8Array, file: string): object {
  let text: string;
  let value: unknown;
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(header);
    value = JSON.parse(text);
  } catch (cause) {
    throw bad(file, 'its header is not JSON', cause);
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw bad(file, 'its header is not a JSON object');
  const duplicate = findDuplicateKey(text);
  if (duplicate !== undefined) throw bad(file, `its header names "${duplicate}" twice`);
  return value;
}

function parseEntry(value: unknown, dataStart: number, where: string): SafetensorsEntry {
  const parsed = entrySchema.safeParse(value);
  if (!parsed.success) throw bad(where, 'its header entry must be {dtype, shape, data_offsets} with whole numbers');
  const { dtype, shape, data_offsets: offsets } = parsed.data;
  const dataType = DATA_TYPES.get(dtype);
  if (dataType === undefined) throw bad(where, `the type "${dtype}" is unknown; known are ${[...DATA_TYPES.keys()].join(', ')}`);
  const [begin, end] = offsets;
  const sizeBytes = end - begin;
  if (sizeBytes < 0) throw bad(where, `it ends (${end}) before it begins (${begin})`);
  const expected = byteLengthOf(dataType, shape);
  if (expected !== sizeBytes) {
    throw bad(where, `${dtype} [${shape.join(', ')}] needs ${expected ?? 'too many'} bytes; its offsets span ${sizeBytes}`);
  }
  return { dataType, dims: shape, begin: dataStart + begin, sizeBytes };
}

/** The format demands that tensors cover the data without gap or overlap. */
function checkLayout(entries: ReadonlyMap<string, SafetensorsEntry>, fileBytes: number, header: { dataStart: number; file: string }): void {
  let end = header.dataStart;
  const sorted = [...entries].sort(([, a], [, b]) => a.begin - b.begin || a.sizeBytes - b.sizeBytes);
  for (const [name, entry] of sorted) {
    const relation = entry.begin < end ? 'overlaps the tensor before it' : 'leaves a gap before it';
    if (entry.begin !== end) throw bad(`${header.file}, tensor "${name}"`, `its content ${relation}`);
    end += entry.sizeBytes;
  }
  if (end === fileBytes) return;
  const problem = end > fileBytes ? 'the file is truncated' : 'bytes are left over';
  throw bad(header.file, `its header describes ${end} bytes and the file has ${fileBytes}: ${problem}`);
}

function bad(file: string, problem: string, cause?: unknown): GroveError {
  return new GroveError('invalid-safetensors', { file, problem }, { cause });
}
