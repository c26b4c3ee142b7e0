import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DataType } from '../../graph/data-type.ts';
import { float32Tensor, toFloat32, uint16Values } from '../../graph/tensor.ts';
import { type HalfLimits, toHalfTensor } from './half-tensor.ts';

const limits = { minPositive: 1e-7, maxFinite: 1e4 };

/** Every non-negative finite half, ascending: an oracle that knows nothing of bit tricks. */
const HALVES = Array.from({ length: 0x7c00 }, (_, bits) => {
  const exponent = bits >>> 10;
  const fraction = bits & 0x3ff;
  return exponent === 0 ? fraction * 2 ** -24 : (1 + fraction / 1024) * 2 ** (exponent - 15);
});

/** The nearest half by search, ties to the even pattern. */
function nearestHalf(value: number): number {
  const magnitude = Math.abs(value);
  let low = 0;
  let high = HALVES.length - 1;
  while (high - low > 1) {
    const middle = (low + high) >>> 1;
    if ((HALVES[middle] ?? 0) <= magnitude) low = middle;
    else high = middle;
  }
  const below = magnitude - (HALVES[low] ?? 0);
  const above = (HALVES[high] ?? 0) - magnitude;
  const nearest = below < above || (below === above && low % 2 === 0) ? low : high;
  return Math.sign(value) * (HALVES[nearest] ?? 0);
}

function limited(value: number, { minPositive, maxFinite }: HalfLimits): number {
  const magnitude = Math.abs(value);
  if (magnitude > 0 && magnitude < minPositive) return Math.sign(value) * minPositive;
  return magnitude > maxFinite && magnitude < Infinity ? Math.sign(value) * maxFinite : value;
}

function halvesOf(values: readonly number[], at = limits): number[] {
  return [...toFloat32(toHalfTensor(float32Tensor([values.length], values), at).tensor)];
}

/** Magnitudes of weights, where most of a model lies. */
const ordinary = fc.float({ min: -2, max: 2, noNaN: true });
const anyLimits = fc.record({
  minPositive: fc.float({ min: Math.fround(1e-8), max: 1, noNaN: true }),
  maxFinite: fc.float({ min: 1, max: 65504, noNaN: true }),
});

describe('toHalfTensor', () => {
  it('limits, then rounds to the nearest half', () => {
    fc.assert(
      fc.property(fc.oneof(fc.float({ noNaN: true, noDefaultInfinity: true }), ordinary), anyLimits, (value, at) => {
        const expected = nearestHalf(limited(value, at));
        expect(halvesOf([value], at)[0]).toBe(expected === 0 ? value * 0 : expected);
      }),
      { numRuns: 3000 },
    );
  });

  it('keeps zeros, NaN and infinities', () => {
    expect(halvesOf([0, -0, Infinity, -Infinity, NaN])).toEqual([0, -0, Infinity, -Infinity, NaN]);
  });

  it('turns the mask constant into -10000', () => {
    expect(halvesOf([-3.4028234663852886e38])).toEqual([-10000]);
  });

  it('counts what it moved', () => {
    const { raised, limited: cut } = toHalfTensor(float32Tensor([5], [1e-9, -1e-8, 2e4, 1, 0]), limits);
    expect([raised, cut]).toEqual([2, 1]);
  });

  it('leaves values exactly at the limits alone', () => {
    const { raised, limited: cut } = toHalfTensor(float32Tensor([4], [1e-7, -1e-7, 1e4, -1e4]), limits);
    expect([raised, cut]).toEqual([0, 0]);
  });

  it("takes ONNX Runtime's wider limits as well", () => {
    expect(halvesOf([65504, 7e4, 1e-8], { minPositive: 5.96e-8, maxFinite: 65504 })).toEqual([65504, 65504, 2 ** -24]);
  });

  it('keeps shape and element order of a view at an odd address', () => {
    const bytes = new Uint8Array(17);
    bytes.set(new Uint8Array(Float32Array.of(1, 2, 3, 4).buffer), 1);
    const { tensor } = toHalfTensor({ dataType: DataType.FLOAT, dims: [2, 2], bytes: bytes.subarray(1) }, limits);
    expect(tensor.dims).toEqual([2, 2]);
    expect([...uint16Values(tensor)]).toEqual([0x3c00, 0x4000, 0x4200, 0x4400]);
  });
});
