import type { ValueMetadata } from '../runtime/inference-runtime.ts';
import { elementCount, isNumericType, type NamedTensors, type Tensor, tensorBytes, tensorFromBytes } from '../runtime/tensor.ts';

/**
 * Fills a batch up to the batch size a model was fixed to: the last batch of a data set may be smaller. The last row is repeated, so that every row is a
 * real one; {@link firstRows} takes the surplus off the outputs. Feeds that fit stay as they are.
 */
export function fillBatch(inputs: readonly ValueMetadata[], feeds: NamedTensors, rows: number): NamedTensors {
  const filled = inputs.flatMap(({ name, dims: [batch] }) => {
    const tensor = feeds[name];
    if (tensor === undefined || typeof batch !== 'number' || tensor.dims[0] !== rows || batch <= rows) return [];
    return [[name, repeatLastRow(tensor, batch)] as const];
  });
  return { ...feeds, ...Object.fromEntries(filled) };
}

function repeatLastRow(tensor: Tensor, batch: number): Tensor {
  const { dtype, dims } = tensor;
  if (!isNumericType(dtype)) return tensor;
  const bytes = tensorBytes(tensor);
  const [rows = 0, ...row] = dims;
  const rowBytes = bytes.length / Math.max(1, rows);
  const filled = Buffer.alloc(rowBytes * batch, bytes.subarray(bytes.length - rowBytes));
  filled.set(bytes);
  return tensorFromBytes(dtype, [batch, ...row], filled);
}

/** The first rows of an output as float32; all of it when it has no more. */
export function firstRows(
  dims: readonly number[],
  values: Float32Array,
  rows: number,
): { readonly dims: readonly number[]; readonly values: Float32Array } {
  const [batch = 0, ...row] = dims;
  if (dims.length === 0 || batch <= rows) return { dims, values };
  return { dims: [rows, ...row], values: values.subarray(0, rows * elementCount(row)) };
}
