import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { DataType } from '../graph/data-type.ts';
import { halvesFromFloats } from '../graph/half.ts';
import { float32Tensor, makeTensor } from '../graph/tensor.ts';
import { roundHalfEven } from './float-kind.ts';
import { type QuantType, quantTypeInfo } from './quant-type.ts';
import { channelLayout, channelRanges, quantizeTensor } from './quantize-values.ts';

describe('channelLayout', () => {
  test.each([
    [[2, 3, 4], undefined, { outer: 1, channels: 1, inner: 24 }],
    [[2, 3, 4], 0, { outer: 1, channels: 2, inner: 12 }],
    [[2, 3, 4], 1, { outer: 2, channels: 3, inner: 4 }],
    [[2, 3, 4], 2, { outer: 6, channels: 4, inner: 1 }],
    [[], undefined, { outer: 1, channels: 1, inner: 1 }],
  ])('of %j along %s', (dims, axis, layout) => {
    expect(channelLayout(dims, axis)).toEqual(layout);
  });
});

describe('channelRanges', () => {
  test('finds the ends of each channel', () => {
    const values = Float32Array.of(1, 2, 3, -4, 5, 6, 7, 8);
    expect(channelRanges(values, channelLayout([2, 2, 2], 1))).toEqual([
      { min: 1, max: 6 },
      { min: -4, max: 8 },
    ]);
    expect(channelRanges(values, channelLayout([8], undefined))).toEqual([{ min: -4, max: 8 }]);
  });

  test('gives what has no elements the range of zero', () => {
    expect(channelRanges(new Float32Array(), channelLayout([0, 2], 1))).toEqual([
      { min: 0, max: 0 },
      { min: 0, max: 0 },
    ]);
  });

  test.each([Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY])('has none with %d, wherever it is', (value) => {
    for (const at of [0, 1, 2]) {
      expect(channelRanges(Float32Array.of(1, 2, 3).fill(value, at, at + 1), channelLayout([3], undefined))).toBeUndefined();
    }
  });

  test('finds an extreme anywhere in a large tensor', () => {
    fc.assert(
      fc.property(fc.integer({ min: 4090, max: 9000 }), fc.nat(8999), fc.constantFrom(undefined, 0, 1), (count, place, axis) => {
        const values = new Float32Array(2 * count).fill(1);
        const at = place % (2 * count);
        values[at] = -3;
        const ranges = channelRanges(values, channelLayout([2, count], axis)) ?? [];
        const channel = axis === undefined ? 0 : axis === 0 ? Math.floor(at / count) : at % count;
        expect(ranges.flatMap(({ min, max }, index) => (min === 1 && max === 1 ? [] : [[index, min, max]]))).toEqual([[channel, -3, 1]]);
      }),
      { numRuns: 30 },
    );
  });
});

/** The definition, without tricks. */
function plainly(value: number, type: QuantType, { scale, zeroPoint }: { scale: number; zeroPoint: number }): number {
  const { min, max } = quantTypeInfo(type).full;
  return Math.min(Math.max(roundHalfEven(Math.fround(value / scale)) + zeroPoint, min), max) + 0;
}

function integersOf(type: QuantType, bytes: Uint8Array): number[] {
  const { buffer } = new Uint8Array(bytes);
  const kinds = { int8: Int8Array, uint8: Uint8Array, int16: Int16Array, uint16: Uint16Array };
  return Array.from(new kinds[type](buffer));
}

describe('quantizeTensor', () => {
  test('does to every element of every channel what the definition says', () => {
    const type = fc.constantFrom<QuantType>('int8', 'uint8', 'int16', 'uint16');
    const value = fc.oneof(
      fc.float({ noNaN: true, noDefaultInfinity: true }),
      fc.integer({ min: -70000, max: 70000 }).map((half) => half / 2),
    );
    const dims = fc.tuple(fc.nat(3), fc.nat(3), fc.nat(3));
    const scale = fc.constantFrom(1, 0.5, Math.fround(0.1), Math.fround(1e-6), Math.fround(3e10));
    const scales = fc.array(scale, { minLength: 3, maxLength: 3 });
    const values = fc.array(value, { minLength: 27, maxLength: 27 });
    fc.assert(
      fc.property(
        fc.record({ type, dims, scales, values, axis: fc.option(fc.nat(2)), share: fc.double({ min: 0, max: 1, noNaN: true }) }),
        (drawn) => {
          const { full } = quantTypeInfo(drawn.type);
          const zeroPoint = Math.round(full.min + drawn.share * (full.max - full.min));
          const count = drawn.dims.reduce((product, dim) => product * dim, 1);
          const tensor = float32Tensor(drawn.dims, Float32Array.from(drawn.values.slice(0, count)));
          const layout = channelLayout(drawn.dims, drawn.axis ?? undefined);
          const quantized = quantizeTensor(tensor, layout, {
            type: drawn.type,
            scales: drawn.scales,
            zeroPoints: [zeroPoint, zeroPoint, zeroPoint],
          });
          const channelOf = (i: number): number => Math.floor(i / layout.inner) % layout.channels;
          const expected = drawn.values
            .slice(0, count)
            .map((element, i) => plainly(Math.fround(element), drawn.type, { scale: drawn.scales[channelOf(i)] ?? 1, zeroPoint }));
          expect(integersOf(drawn.type, quantized.bytes)).toEqual(expected);
        },
      ),
    );
  });

  test('widens float16 exactly', () => {
    const half = makeTensor(DataType.FLOAT16, [3], halvesFromFloats(Float32Array.of(0.1, -0.2, 65504)));
    const quantized = quantizeTensor(half, channelLayout([3], undefined), { type: 'int16', scales: [Math.fround(0.001)], zeroPoints: [0] });
    expect(integersOf('int16', quantized.bytes)).toEqual([100, -200, 32767]);
  });
});
