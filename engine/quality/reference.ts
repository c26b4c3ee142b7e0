import { type FileHandle, open, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { GroveError } from '../../domain/errors.ts';
import {
  elementCount,
  isNumericType,
  type NamedTensors,
  type Tensor,
  type TensorOf,
  tensorBytes,
  tensorFromBytes,
} from '../runtime/tensor.ts';

/**
 * A Reference on disk: what a model is compared with. A folder of three files: `reference.json`, and `inputs.bin` and `outputs.bin` with raw
 * little-endian tensors that the JSON locates by byte offset. Inputs keep their type; outputs are the float32 values of the unquantised export.
 */
const MANIFEST = 'reference.json';
const INPUTS = 'inputs.bin';
const OUTPUTS = 'outputs.bin';

/** Largest of each of the two data files. */
const MAX_REFERENCE_BYTES = 512 * 1024 * 1024;
const MAX_MANIFEST_BYTES = 64 * 1024 * 1024;
const MAX_BATCHES = 100_000;
const MAX_INPUTS = 1_024;
/** Outputs of an export that a Reference keeps at most. */
export const MAX_REFERENCE_OUTPUTS = 64;

const placedSchema = z.strictObject({
  dims: z.array(z.int().min(0)).max(16),
  offset: z.int().min(0),
  sizeBytes: z.int().min(0).max(MAX_REFERENCE_BYTES),
});
type Placed = z.infer<typeof placedSchema>;

const batchSchema = z.strictObject({
  rows: z.int().min(1),
  inputs: z.array(placedSchema).max(MAX_INPUTS),
  outputs: z.array(placedSchema).max(MAX_REFERENCE_OUTPUTS),
});

export const referenceManifestSchema = z.strictObject({
  schemaVersion: z.literal(1),
  /** ONNX Runtime that computed the outputs. */
  ortVersion: z.string().max(100),
  /** Rows of all batches together. */
  rows: z.int().min(1),
  inputs: z
    .array(z.strictObject({ name: z.string().max(1000), dtype: z.string().refine(isNumericType, 'not a numeric element type') }))
    .max(MAX_INPUTS),
  /** In the model's order: outputs are compared by position. Names are for display. */
  outputs: z
    .array(z.strictObject({ name: z.string().max(1000) }))
    .min(1)
    .max(MAX_REFERENCE_OUTPUTS),
  batches: z.array(batchSchema).min(1).max(MAX_BATCHES),
});
export type ReferenceManifest = z.infer<typeof referenceManifestSchema>;

/** One batch of a Reference. */
export interface ReferenceBatch {
  readonly rows: number;
  readonly inputs: NamedTensors;
  /** By position. */
  readonly outputs: readonly TensorOf<'float32'>[];
}

/** What stays the same over all batches of a Reference being written. */
export interface ReferenceHeader {
  readonly ortVersion: string;
  readonly inputNames: readonly string[];
  readonly outputNames: readonly string[];
}

/**
 * Writes a Reference batch by batch into an existing folder. Throws `too-large` above {@link MAX_REFERENCE_BYTES}; a folder whose writing ended that
 * way holds no manifest and is no Reference.
 */
export async function writeReference(
  folder: string,
  header: ReferenceHeader,
  batches: AsyncIterable<ReferenceBatch>,
): Promise<ReferenceManifest> {
  const inputs = await TensorFile.create(join(folder, INPUTS));
  const outputs = await TensorFile.create(join(folder, OUTPUTS));
  try {
    const placed: ReferenceManifest['batches'] = [];
    let dtypes: readonly string[] = [];
    for await (const batch of batches) {
      const tensors = header.inputNames.map((name) => requireInput(batch, name));
      dtypes = tensors.map((tensor) => tensor.dtype);
      placed.push({ rows: batch.rows, inputs: await inputs.append(tensors), outputs: await outputs.append(batch.outputs) });
    }
    const manifest = referenceManifestSchema.parse({
      schemaVersion: 1,
      ortVersion: header.ortVersion,
      rows: placed.reduce((sum, batch) => sum + batch.rows, 0),
      inputs: header.inputNames.map((name, i) => ({ name, dtype: dtypes[i] })),
      outputs: header.outputNames.map((name) => ({ name })),
      batches: placed,
    });
    await writeFile(join(folder, MANIFEST), JSON.stringify(manifest));
    return manifest;
  } finally {
    await inputs.close();
    await outputs.close();
  }
}

/** Reads and checks a Reference's manifest. Throws `invalid-reference`. */
export async function readReferenceManifest(folder: string): Promise<ReferenceManifest> {
  const path = join(folder, MANIFEST);
  const text = await readBounded(path);
  const parsed = referenceManifestSchema.safeParse(parseJson(path, text));
  if (!parsed.success) throw invalid(path, z.prettifyError(parsed.error));
  return parsed.data;
}

/** Reads one batch. Throws `invalid-reference` when the data files do not hold what the manifest says. */
export async function readReferenceBatch(folder: string, manifest: ReferenceManifest, index: number): Promise<ReferenceBatch> {
  const batch = manifest.batches[index];
  if (batch === undefined) throw invalid(folder, `it has no batch ${index}`);
  if (batch.inputs.length !== manifest.inputs.length || batch.outputs.length !== manifest.outputs.length) {
    throw invalid(folder, `batch ${index} has ${batch.inputs.length} inputs and ${batch.outputs.length} outputs`);
  }
  const inputs = await readTensors(
    join(folder, INPUTS),
    batch.inputs,
    manifest.inputs.map((input) => input.dtype),
  );
  const outputs = await readTensors(
    join(folder, OUTPUTS),
    batch.outputs,
    batch.outputs.map(() => 'float32'),
  );
  return {
    rows: batch.rows,
    inputs: Object.fromEntries(manifest.inputs.map(({ name }, i) => [name, inputs[i] ?? missing(folder, name)])),
    outputs: outputs.map((output) => (output.dtype === 'float32' ? output : missing(folder, 'output'))),
  };
}

/** A file of tensors one after another. */
class TensorFile {
  readonly #file: FileHandle;
  readonly #path: string;
  #offset = 0;

  private constructor(file: FileHandle, path: string) {
    this.#file = file;
    this.#path = path;
  }

  static async create(path: string): Promise<TensorFile> {
    return new TensorFile(await open(path, 'w'), path);
  }

  async append(tensors: readonly Tensor[]): Promise<Placed[]> {
    const placed: Placed[] = [];
    for (const tensor of tensors) {
      const bytes = tensorBytes(tensor);
      const end = this.#offset + bytes.length;
      if (end > MAX_REFERENCE_BYTES)
        throw new GroveError('too-large', { what: this.#path, sizeBytes: end, limitBytes: MAX_REFERENCE_BYTES });
      await this.#file.write(bytes, 0, bytes.length, this.#offset);
      placed.push({ dims: [...tensor.dims], offset: this.#offset, sizeBytes: bytes.length });
      this.#offset = end;
    }
    return placed;
  }

  close(): Promise<void> {
    return this.#file.close();
  }
}

async function readTensors(path: string, placed: readonly Placed[], dtypes: readonly string[]): Promise<Tensor[]> {
  const file = await open(path, 'r').catch((cause: unknown) => {
    throw invalid(path, 'the file cannot be read', cause);
  });
  try {
    const tensors: Tensor[] = [];
    for (const [i, place] of placed.entries()) tensors.push(await readTensor(file, place, { path, dtype: dtypes[i] ?? '' }));
    return tensors;
  } finally {
    await file.close();
  }
}

async function readTensor(file: FileHandle, place: Placed, { path, dtype }: { path: string; dtype: string }): Promise<Tensor> {
  if (!isNumericType(dtype)) throw invalid(path, `element type ${dtype} is not known`);
  const { size } = await file.stat();
  if (place.offset + place.sizeBytes > size)
    throw invalid(path, `it has ${size} bytes; a tensor ends at ${place.offset + place.sizeBytes}`);
  if (elementCount(place.dims) > place.sizeBytes)
    throw invalid(path, `[${place.dims.join(', ')}] does not fit into ${place.sizeBytes} bytes`);
  const bytes = Buffer.alloc(place.sizeBytes);
  await file.read(bytes, 0, place.sizeBytes, place.offset);
  try {
    return tensorFromBytes(dtype, place.dims, bytes);
  } catch (cause) {
    throw invalid(path, cause instanceof Error ? cause.message : String(cause), cause);
  }
}

async function readBounded(path: string): Promise<string> {
  try {
    const { size } = await stat(path);
    if (size > MAX_MANIFEST_BYTES) throw new GroveError('too-large', { what: path, sizeBytes: size, limitBytes: MAX_MANIFEST_BYTES });
    return await readFile(path, 'utf8');
  } catch (cause) {
    if (cause instanceof GroveError) throw cause;
    throw invalid(path, 'the file cannot be read', cause);
  }
}

function parseJson(path: string, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw invalid(path, cause instanceof Error ? cause.message : String(cause), cause);
  }
}

function requireInput(batch: ReferenceBatch, name: string): Tensor {
  return batch.inputs[name] ?? missing('being written', name);
}

function missing(where: string, name: string): never {
  throw invalid(where, `"${name}" is missing`);
}

function invalid(where: string, problem: string, cause?: unknown): GroveError {
  return new GroveError('invalid-reference', { where, problem }, { cause });
}
