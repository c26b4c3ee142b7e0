import { allocateBytes, type Tensor } from '../../graph/tensor.ts';

/** Matrices of as many rows beside each other, of one type. */
export function packColumns(matrices: readonly Tensor[]): Tensor {
  const rows = matrices[0]?.dims[0] ?? 0;
  const widths = matrices.map(({ bytes }) => bytes.length / Math.max(1, rows));
  const width = widths.reduce((sum, bytes) => sum + bytes, 0);
  const packed = allocateBytes(rows * width);
  let column = 0;
  for (const [index, { bytes }] of matrices.entries()) {
    const own = widths[index] ?? 0;
    for (let row = 0; row < rows; row++) packed.set(bytes.subarray(row * own, (row + 1) * own), row * width + column);
    column += own;
  }
  const columns = matrices.reduce((sum, { dims }) => sum + (dims[1] ?? 0), 0);
  return { dataType: matrices[0]?.dataType ?? 0, dims: [rows, columns], bytes: packed };
}

/** Vectors behind each other, of one type. */
export function packVectors(vectors: readonly Tensor[]): Tensor {
  const packed = allocateBytes(vectors.reduce((sum, { bytes }) => sum + bytes.length, 0));
  let offset = 0;
  for (const { bytes } of vectors) {
    packed.set(bytes, offset);
    offset += bytes.length;
  }
  const length = vectors.reduce((sum, { dims }) => sum + (dims[0] ?? 0), 0);
  return { dataType: vectors[0]?.dataType ?? 0, dims: [length], bytes: packed };
}
