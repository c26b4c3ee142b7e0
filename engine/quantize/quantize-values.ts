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

/** Elements that one call of an inner loop takes: short calls are compiled after a moment, one long loop runs uncompiled for most of a large tensor. */
const RUN = 4096;

/** Elements of one channel, one behind the other. */
interface Run {
  readonly channel: number;
  readonly start: number;
  readonly end: number;
}

function forEachRun({ outer, channels, inner }: ChannelLayout, work: (run: Run) => void): void {
  let start = 0;
  for (let block = 0; block < outer; block++) {
    for (let channel = 0; channel < channels; channel++) {
      for (const channelEnd = start + inner; start < channelEnd; ) {
        const end = Math.min(start + RUN, channelEnd);
        work({ channel, start, end });
        start = end;
      }
    }
  }
}

/** Least and greatest element of each channel, [0, 0] for one without elements. Undefined when an element is infinite or no number. */
export function channelRanges(values: Float32Array, layout: ChannelLayout): TensorRange[] | undefined {
  const mins = new Float32Array(layout.channels).fill(Number.POSITIVE_INFINITY);
  const maxs = new Float32Array(layout.channels).fill(Number.NEGATIVE_INFINITY);
  // Stays 0 as long as every value is finite.
  let taint = 0;
  forEachRun(layout, (run) => {
    taint += widen(values, run, { mins, maxs });
  });
  if (taint !== 0) return undefined;
  return Array.from(mins, (min, channel) => (layout.outer * layout.inner > 0 ? { min, max: maxs[channel] ?? min } : { min: 0, max: 0 }));
}

/** Takes a run into its channel's extremes. Two sums and pairs of extremes at a time: each alone would wait for its own last step. */
function widen(
  values: Float32Array,
  { channel, start, end }: Run,
  { mins, maxs }: { readonly mins: Float32Array; readonly maxs: Float32Array },
): number {
  let [min, max, taint] = [mins[channel] ?? 0, maxs[channel] ?? 0, 0];
  let [otherMin, otherMax, otherTaint] = [min, max, 0];
  for (let i = start; i + 1 < end; i += 2) {
    const value = values[i] ?? 0;
    const other = values[i + 1] ?? 0;
    taint += value - value;
    otherTaint += other - other;
    if (value < min) min = value;
    if (value > max) max = value;
    if (other < otherMin) otherMin = other;
    if (other > otherMax) otherMax = other;
  }
  const last = values[end - 1] ?? 0;
  if (last < min) min = last;
  if (last > max) max = last;
  mins[channel] = otherMin < min ? otherMin : min;
  maxs[channel] = otherMax > max ? otherMax : max;
  return taint + otherTaint + (last - last);
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
  const rules = {
    values,
    layout,
    scales: Float32Array.from(scales),
    zeroPoints: Int32Array.from(zeroPoints),
    least: full.min,
    greatest: full.max,
  };
  // Signed integers are stored as the bits of unsigned ones: two loops for four types.
  return makeTensor(dataType, tensor.dims, bits === 8 ? quantizeTo8Bits(rules) : quantizeTo16Bits(rules));
}

interface Rounding {
  readonly values: Float32Array;
  readonly layout: ChannelLayout;
  readonly scales: Float32Array;
  readonly zeroPoints: Int32Array;
  readonly least: number;
  readonly greatest: number;
}

/** 1.5 * 2^52: adding it leaves no room for a fraction, so that the addition rounds half to even. Exact for quotients below 2^51. */
const ROUNDER = 1.5 * 2 ** 52;

function quantizeTo8Bits(rules: Rounding): Uint8Array {
  const integers = allocateBytes(rules.values.length);
  forEachRun(rules.layout, (run) => roundTo8Bits(integers, run, rules));
  return integers;
}

/** The same for 16 bits: apart, so that each loop stores into one kind of array. */
function quantizeTo16Bits(rules: Rounding): Uint16Array {
  const integers = new Uint16Array(allocateBytes(rules.values.length * 2).buffer);
  forEachRun(rules.layout, (run) => roundTo16Bits(integers, run, rules));
  return integers;
}

function roundTo8Bits(integers: Uint8Array, { channel, start, end }: Run, { values, scales, zeroPoints, least, greatest }: Rounding): void {
  const scale = scales[channel] ?? 1;
  const zeroPoint = zeroPoints[channel] ?? 0;
  const low = least - zeroPoint;
  const high = greatest - zeroPoint;
  for (let i = start; i < end; i++) {
    // The bounds are integers: clamping before rounding gives what clamping after it would.
    const exact = Math.fround((values[i] ?? 0) / scale);
    const quotient = exact < low ? low : exact > high ? high : exact;
    integers[i] = (quotient + ROUNDER - ROUNDER + zeroPoint) | 0;
  }
}

function roundTo16Bits(
  integers: Uint16Array,
  { channel, start, end }: Run,
  { values, scales, zeroPoints, least, greatest }: Rounding,
): void {
  const scale = scales[channel] ?? 1;
  const zeroPoint = zeroPoints[channel] ?? 0;
  const low = least - zeroPoint;
  const high = greatest - zeroPoint;
  for (let i = start; i < end; i++) {
    const exact = Math.fround((values[i] ?? 0) / scale);
    const quotient = exact < low ? low : exact > high ? high : exact;
    integers[i] = (quotient + ROUNDER - ROUNDER + zeroPoint) | 0;
  }
}
