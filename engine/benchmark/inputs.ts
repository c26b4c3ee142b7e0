import { z } from 'zod';
import { GroveError } from '../../domain/errors.ts';
import { floatsFromHalves, halvesFromFloats } from '../graph/half.ts';
import { readReferenceBatch, readReferenceManifest } from '../quality/reference.ts';
import type { Session, ValueMetadata } from '../runtime/inference-runtime.ts';
import { type ElementType, elementCount, type NamedTensors, type Tensor } from '../runtime/tensor.ts';
import { seededRandom } from './seeded-random.ts';

/** Size of a symbolic dimension that nobody gave a value: one row of 128 tokens. */
const DEFAULT_BATCH = 1;
const DEFAULT_LENGTH = 128;
/** Most elements of one generated input. */
const MAX_ELEMENTS = 256 * 1024 * 1024;

/** Where the inputs of a measurement come from. */
export const inputsSpecSchema = z.discriminatedUnion('kind', [
  /** The tokenised rows of a Reference folder. */
  z.strictObject({ kind: z.literal('reference'), folder: z.string().min(1) }),
  /** Seeded values in the shapes of the model. */
  z.strictObject({
    kind: z.literal('generated'),
    seed: z.int().min(0).max(0xffffffff),
    /** Sizes of symbolic dimensions by name; default 1 for the first axis and 128 for others. */
    dims: z.record(z.string(), z.int().min(1).max(1_000_000)).default({}),
    /** Integer inputs are drawn from 0 to this, exclusive: at most the vocabulary size. */
    integerBelow: z.int().min(1).default(1000),
  }),
]);
export type InputsSpec = z.infer<typeof inputsSpecSchema>;

/** The feeds of one measurement: the first batch of the Reference, as Olive takes the first batch of its data, or generated ones. */
export async function measurementFeeds(spec: InputsSpec, session: Session, ep: string): Promise<NamedTensors> {
  if (spec.kind === 'generated') return generateFeeds(session.inputs, spec);
  const { inputs } = await readReferenceBatch(spec.folder, await readReferenceManifest(spec.folder), 0);
  return referenceFeeds(session.inputs, inputs, ep);
}

/**
 * The tensors of a Reference for a model that came of the same export: by name, and where a pass renamed inputs by position, as outputs are compared.
 * Throws `inference-failed` for an input without data.
 */
export function referenceFeeds(inputs: readonly ValueMetadata[], tensors: NamedTensors, ep: string): NamedTensors {
  const renamed = inputs.filter(({ name }) => tensors[name] === undefined);
  const spare = Object.entries(tensors).filter(([tensor]) => !inputs.some(({ name }) => name === tensor));
  if (renamed.length !== spare.length) return feedsFor(inputs, tensors, ep);
  const byPosition = renamed.flatMap(({ name }, index) => (spare[index] === undefined ? [] : [[name, spare[index][1]] as const]));
  return feedsFor(inputs, { ...tensors, ...Object.fromEntries(byPosition) }, ep);
}

/**
 * The tensors a session takes, out of everything the tokenizer made: names the model does not have are dropped, integers and floats are cast to the
 * width the model wants (a pass may have changed it). Throws `inference-failed` for an input without data.
 */
export function feedsFor(inputs: readonly ValueMetadata[], tensors: NamedTensors, ep: string): NamedTensors {
  const entries = inputs.map(({ name, dtype }) => {
    const tensor = tensors[name];
    if (tensor === undefined) throw new GroveError('inference-failed', { ep, problem: `the data has no values for input "${name}"` });
    return [name, cast(tensor, dtype)] as const;
  });
  return Object.fromEntries(entries);
}

/** Tensors for every input from a seed: token ids below a bound, masks of ones, type ids of zeros, floats in [-1, 1). */
export function generateFeeds(inputs: readonly ValueMetadata[], spec: Extract<InputsSpec, { kind: 'generated' }>): NamedTensors {
  const random = seededRandom(spec.seed);
  return Object.fromEntries(
    inputs.map((input) => {
      const dims = input.dims.map((dim, axis) =>
        typeof dim === 'number' ? dim : ((dim === null ? undefined : spec.dims[dim]) ?? defaultSize(axis)),
      );
      if (elementCount(dims) > MAX_ELEMENTS) throw tooLarge(input.name, dims);
      return [input.name, generate(input, dims, { random, integerBelow: spec.integerBelow })];
    }),
  );
}

function defaultSize(axis: number): number {
  return axis === 0 ? DEFAULT_BATCH : DEFAULT_LENGTH;
}

interface Source {
  readonly random: () => number;
  readonly integerBelow: number;
}

function generate({ name, dtype }: ValueMetadata, dims: readonly number[], source: Source): Tensor {
  const count = elementCount(dims);
  const float = () => source.random() * 2 - 1;
  const integer = integerOf(name, source);
  switch (dtype) {
    case 'float32':
      return { dtype, dims, data: Float32Array.from({ length: count }, float) };
    case 'float64':
      return { dtype, dims, data: Float64Array.from({ length: count }, float) };
    case 'float16':
      return { dtype, dims, data: halvesFromFloats(Float32Array.from({ length: count }, float)) };
    case 'int64':
      return { dtype, dims, data: BigInt64Array.from({ length: count }, () => BigInt(integer())) };
    case 'int32':
      return { dtype, dims, data: Int32Array.from({ length: count }, integer) };
    case 'uint8':
    case 'bool':
      return { dtype, dims, data: Uint8Array.from({ length: count }, () => 1) };
    default:
      throw new GroveError('unsupported-input', { problem: `values of type ${dtype} for input "${name}" cannot be generated` });
  }
}

/** Masks and segment ids have meanings that random values would break. */
function integerOf(name: string, { random, integerBelow }: Source): () => number {
  if (/mask/i.test(name)) return () => 1;
  if (/type/i.test(name)) return () => 0;
  return () => Math.floor(random() * integerBelow);
}

function cast(tensor: Tensor, dtype: ElementType | 'other'): Tensor {
  if (tensor.dtype === 'int64' && dtype === 'int32') return { dtype, dims: tensor.dims, data: Int32Array.from(tensor.data, Number) };
  if (tensor.dtype === 'float32' && dtype === 'float16') return { dtype, dims: tensor.dims, data: halvesFromFloats(tensor.data) };
  if (tensor.dtype === 'float16' && dtype === 'float32') return { dtype, dims: tensor.dims, data: floatsFromHalves(tensor.data) };
  return tensor;
}

function tooLarge(name: string, dims: readonly number[]): GroveError {
  return new GroveError('unsupported-input', { problem: `input "${name}" [${dims.join(', ')}] is larger than ${MAX_ELEMENTS} elements` });
}

/** Bound shapes by input name, for the report. */
export function shapesOf(feeds: NamedTensors): Record<string, number[]> {
  return Object.fromEntries(Object.entries(feeds).map(([name, tensor]) => [name, [...tensor.dims]]));
}

/** Rows of one run: the first dimension of the first input, at least 1. */
export function rowsPerRun(feeds: NamedTensors): number {
  return Math.max(1, Object.values(feeds)[0]?.dims[0] ?? 1);
}
