import { describe, expect, it } from 'vitest';
import { DataType } from './data-type.ts';
import { float32Tensor, float32Values, makeTensor } from './tensor.ts';
import { transposeTensor } from './transpose.ts';

describe('transposeTensor', () => {
  it.each([
    [DataType.UINT8, Uint8Array.of(1, 2, 3, 4, 5, 6), Uint8Array.of(1, 4, 2, 5, 3, 6)],
    [DataType.FLOAT16, Uint16Array.of(1, 2, 3, 4, 5, 6), Uint16Array.of(1, 4, 2, 5, 3, 6)],
    [DataType.DOUBLE, Float64Array.of(1, 2, 3, 4, 5, 6), Float64Array.of(1, 4, 2, 5, 3, 6)],
  ])('swaps the axes of type %d', (type, values, expected) => {
    expect(transposeTensor(makeTensor(type, [2, 3], values))).toEqual(makeTensor(type, [3, 2], expected));
  });

  it('reads a tensor whose bytes are not aligned', () => {
    const bytes = new Uint8Array(17);
    bytes.set(new Uint8Array(Float32Array.of(1, 2, 3, 4).buffer), 1);
    const turned = transposeTensor({ dataType: DataType.FLOAT, dims: [2, 2], bytes: bytes.subarray(1) });
    expect(turned && [...float32Values(turned)]).toEqual([1, 3, 2, 4]);
  });

  it('takes matrices without elements, and nothing that is no matrix', () => {
    expect(transposeTensor(float32Tensor([0, 3], []))).toEqual(float32Tensor([3, 0], []));
    expect(transposeTensor(float32Tensor([4], [1, 2, 3, 4]))).toBeUndefined();
    expect(transposeTensor({ dataType: DataType.UINT4, dims: [2, 2], bytes: Uint8Array.of(1, 2) })).toBeUndefined();
  });
});
