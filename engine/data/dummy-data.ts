import { z } from 'zod';
import { GroveError } from '../../domain/errors.ts';
import type { DataConfig } from '../../domain/recipe/recipe.ts';
import { type ElementType, elementCount, type NamedTensors, type Tensor } from '../runtime/tensor.ts';

/** Olive's default number of dummy samples. */
const DUMMY_SAMPLES = 32;
/** Most elements of one dummy tensor. */
const MAX_ELEMENTS = 64 * 1024 * 1024;
const DUMMY_TYPES = ['float32', 'float16', 'int32', 'int64'] as const satisfies readonly ElementType[];

const dummySchema = z.object({
  input_shapes: z
    .array(z.array(z.int().min(1)).max(8))
    .min(1)
    .max(64),
  input_names: z.array(z.string()).min(1),
  input_types: z.array(z.enum(DUMMY_TYPES)).nullish(),
  max_samples: z.int().min(1).max(10_000).nullish(),
});

/**
 * Batches of Olive's DummyDataContainer: tensors of ones in the given shapes, float32 unless typed, 32 samples that are not batched further.
 * Throws `unsupported-data` for parameters that make none.
 */
export function dummyBatches(config: DataConfig): readonly NamedTensors[] {
  const parsed = dummySchema.safeParse(config.load.params);
  if (!parsed.success) throw unsupported(config, `its parameters are not usable: ${z.prettifyError(parsed.error)}`);
  const { input_shapes: shapes, input_names: names, input_types: types, max_samples: samples } = parsed.data;
  if (names.length !== shapes.length) throw unsupported(config, `it names ${names.length} inputs for ${shapes.length} shapes`);
  if (shapes.some((shape) => elementCount(shape) > MAX_ELEMENTS))
    throw unsupported(config, `a shape has more than ${MAX_ELEMENTS} elements`);
  const sample: NamedTensors = Object.fromEntries(names.map((name, i) => [name, ones(types?.[i] ?? 'float32', shapes[i] ?? [])]));
  return new Array<NamedTensors>(samples ?? DUMMY_SAMPLES).fill(sample);
}

function ones(dtype: (typeof DUMMY_TYPES)[number], dims: readonly number[]): Tensor {
  const count = elementCount(dims);
  switch (dtype) {
    case 'float32':
      return { dtype, dims, data: new Float32Array(count).fill(1) };
    case 'float16':
      return { dtype, dims, data: new Uint16Array(count).fill(0x3c00) };
    case 'int32':
      return { dtype, dims, data: new Int32Array(count).fill(1) };
    case 'int64':
      return { dtype, dims, data: new BigInt64Array(count).fill(1n) };
  }
}

function unsupported(config: DataConfig, problem: string): GroveError {
  return new GroveError('unsupported-data', { name: config.name, problem });
}
