import { allocateBytes, makeTensor, type Tensor, toFloat32 } from '../graph/tensor.ts';
import { type QuantType, quantTypeInfo } from './quant-type.ts';
import type { TensorRange } from './range.ts';

/**
 * How the elements of a row-major tensor fall into channels: element (outer, channel, inner). A tensor quantised as a whole is one channel.
 */
export interface ChannelLayout {
  readonly outer: number;
  readonly channels: number;
  readonly inner: number;
}

/** The layout of a tensor's elements along `axis`, or with one channel when it is undefined. */
export function channelLayout(dims: readonly number[], axis: number | undefined): ChannelLayout {
  const product = (sizes: readonly number[]): number => sizes.reduce((count, size) => count * size, 1);
  if (axis === undefined) return { outer: 1, channels: 1, inner: product(dims) };
  return { outer: product(dims.slice(0, axis)), channels: dims[axis] ?? 1, inner: product(dims.slice(axis + 1)) };
}

/** Least and greatest element of each channel, [0, 0] for one without elements. Undefined when an element is infinite or no number. */
export function channelRanges(values: Float32Array, { outer, channels, inner }: ChannelLayout): TensorRange[] | undefined {
  const mins = new Float32Array(channels).fill(Number.POSITIVE_INFINITY);
  const maxs = new Float32Array(channels).fill(Number.NEGATIVE_INFINITY);
  // Stays 0 as long as every value is finite.
  let taint = 0;
  let i = 0;
  for (let block = 0; block < outer; block++) {
    for (let channel = 0; channel < channels; channel++) {
      let min = mins[channel] ?? 0;
      let max = maxs[channel] ?? 0;
      for (const end = i + inner; i < end; i++) {
        const value = values[i] ?? 0;
        taint += value - value;
        if (value < min) min = value;
        if (value > max) max = value;
      }
      mins[channel] = min;
      maxs[channel] = max;
    }
  }
  if (taint !== 0) return undefined;
  return Array.from(mins, (min, channel) => (outer * inner > 0 ? { min, max: maxs[channel] ?? min } : { min: 0, max: 0 }));
}

/** How to turn the elements of each channel into integers: one scale and zero point a channel. */
export interface ChannelScales {
  readonly type: QuantType;
  readonly scales: ArrayLike<number>;
  readonly zeroPoints: ArrayLike<number>;
}

/**
 * A float tensor's integers: x / scale in float32, rounded half to even, plus the zero point, clamped to the type. Scales are float32 numbers.
 */
export function quantizeTensor(tensor: Tensor, layout: ChannelLayout, { type, scales, zeroPoints }: ChannelScales): Tensor {
  const values = toFloat32(tensor);
  const { dataType, bits, full } = quantTypeInfo(type);
  const rules = { layout, scales: Float32Array.from(scales), zeroPoints: Int32Array.from(zeroPoints), least: full.min, greatest: full.max };
  // Signed integers are stored as the bits of unsigned ones: two loops for four types.
  return makeTensor(dataType, tensor.dims, bits === 8 ? quantizeTo8Bits(values, rules) : quantizeTo16Bits(values, rules));
}

interface Rounding {
  readonly layout: ChannelLayout;
  readonly scales: Float32Array;
  readonly zeroPoints: Int32Array;
  readonly least: number;
  readonly greatest: number;
}

/** 1.5 * 2^52: adding it leaves no room for a fraction, so that the addition rounds half to even. Exact for quotients below 2^51. */
const ROUNDER = 1.5 * 2 ** 52;

function quantizeTo8Bits(values: Float32Array, { layout, scales, zeroPoints, least, greatest }: Rounding): Uint8Array {
  const integers = allocateBytes(values.length);
  let i = 0;
  for (let block = 0; block < layout.outer; block++) {
    for (let channel = 0; channel < layout.channels; channel++) {
      const scale = scales[channel] ?? 1;
      const zeroPoint = zeroPoints[channel] ?? 0;
      const low = least - zeroPoint;
      const high = greatest - zeroPoint;
      for (const end = i + layout.inner; i < end; i++) {
        // The bounds are integers: clamping before rounding gives what clamping after it would.
        const quotient = Math.min(Math.max(Math.fround((values[i] ?? 0) / scale), low), high);
        integers[i] = (quotient + ROUNDER - ROUNDER + zeroPoint) | 0;
      }
    }
  }
  return integers;
}

/** The same for 16 bits: apart, so that each loop stores into one kind of array. */
function quantizeTo16Bits(values: Float32Array, { layout, scales, zeroPoints, least, greatest }: Rounding): Uint16Array {
  const integers = new Uint16Array(allocateBytes(values.length * 2).buffer);
  let i = 0;
  for (let block = 0; block < layout.outer; block++) {
    for (let channel = 0; channel < layout.channels; channel++) {
      const scale = scales[channel] ?? 1;
      const zeroPoint = zeroPoints[channel] ?? 0;
      const low = least - zeroPoint;
      const high = greatest - zeroPoint;
      for (const end = i + layout.inner; i < end; i++) {
        const quotient = Math.min(Math.max(Math.fround((values[i] ?? 0) / scale), low), high);
        integers[i] = (quotient + ROUNDER - ROUNDER + zeroPoint) | 0;
      }
    }
  }
  return integers;
}
