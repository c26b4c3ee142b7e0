import fc from 'fast-check';
import { expect, test } from 'vitest';
import { byteLengthOf, DataType, elementCount } from './data-type.ts';
import { halvesFromFloats } from './half.ts';
import { checkTensor, float32Tensor, float32Values, int64Tensor, makeTensor, toFloat32, toNumbers } from './tensor.ts';

test('values are read at any byte offset', () => {
  const content = float32Tensor([3], [1.5, -2, 3.25]).bytes;
  for (const offset of [0, 1, 2, 3]) {
    const shifted = new Uint8Array(content.length + offset);
    shifted.set(content, offset);
    const tensor = { dataType: DataType.FLOAT, dims: [3], bytes: shifted.subarray(offset) };
    expect([...float32Values(tensor)]).toEqual([1.5, -2, 3.25]);
  }
});

test('aligned float32 values are a view, not a copy', () => {
  const values = Float32Array.of(1, 2);
  expect(float32Values(float32Tensor([2], values)).buffer).toBe(values.buffer);
});

test('half, bfloat16 and double widen to float32', () => {
  expect([...toFloat32(makeTensor(DataType.FLOAT16, [2], halvesFromFloats(Float32Array.of(0.5, -3))))]).toEqual([0.5, -3]);
  expect([...toFloat32(makeTensor(DataType.BFLOAT16, [1], Uint16Array.of(0x4040)))]).toEqual([3]);
  expect([...toFloat32(makeTensor(DataType.DOUBLE, [1], Float64Array.of(0.1)))]).toEqual([Math.fround(0.1)]);
});

test('shape tensors give numbers', () => {
  expect(toNumbers(int64Tensor([3], [-1, 0, 2 ** 40]))).toEqual([-1, 0, 2 ** 40]);
  expect(toNumbers(makeTensor(DataType.INT32, [2], Int32Array.of(-7, 7)))).toEqual([-7, 7]);
});

test('reading a tensor as another type is refused', () => {
  expect(() => float32Values(int64Tensor([1], [1]))).toThrow('float');
});

test('a tensor whose values do not fill its shape is refused', () => {
  expect(() => float32Tensor([2, 2], [1, 2, 3])).toThrow('16 bytes, not 12');
});

test.each([
  [DataType.UINT4, [3], 2],
  [DataType.INT4, [4], 2],
  [DataType.INT2, [5], 2],
  [DataType.COMPLEX128, [1], 16],
  [DataType.FLOAT, [], 4],
  [DataType.FLOAT, [0, 5], 0],
])('type %d of shape %j has %d bytes', (dataType, dims, sizeBytes) => {
  expect(byteLengthOf(dataType, dims)).toBe(sizeBytes);
});

test('a shape product beyond 2^53 is refused, whatever its factors', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 2, max: 2 ** 31 }), { minLength: 4, maxLength: 10 }), (dims) => {
      fc.pre(!Number.isSafeInteger(elementCount(dims)));
      expect(() => checkTensor({ dataType: DataType.UINT8, dims, bytes: new Uint8Array(0) }, 'tensor')).toThrow('more elements');
    }),
  );
});

test.each([
  [{ dataType: DataType.FLOAT, dims: [2], bytes: new Uint8Array(7) }, 'needs 8 bytes; there are 7'],
  [{ dataType: DataType.FLOAT, dims: [-1], bytes: new Uint8Array(0) }, 'impossible dimension'],
  [{ dataType: DataType.UNDEFINED, dims: [], bytes: new Uint8Array(0) }, 'undefined'],
  [{ dataType: DataType.STRING, dims: [2], bytes: new Uint8Array(0), strings: [new Uint8Array(1)] }, 'needs 2 strings'],
])('an inconsistent tensor is refused (%#)', (tensor, message) => {
  expect(() => checkTensor(tensor, 'tensor "w"')).toThrow(message);
});
