import { DataType } from '../../graph/data-type.ts';
import { halfFromFloatBits } from '../../graph/half.ts';
import { float32Values, makeTensor, type Tensor } from '../../graph/tensor.ts';

/** Magnitudes that values are moved into before rounding. Zero, NaN and the infinities stay what they are. */
export interface HalfLimits {
  /** Smaller non-zero magnitudes become this. */
  readonly minPositive: number;
  /** Larger finite magnitudes become this. */
  readonly maxFinite: number;
}

/** A tensor in half precision and how many of its values the limits moved. */
export interface HalfTensor {
  readonly tensor: Tensor;
  /** Values raised to `minPositive`. */
  readonly raised: number;
  /** Values limited to `maxFinite`. */
  readonly limited: number;
}

const INFINITY_BITS = 0x7f800000;

/** Bits of 2^-14: from here on a half has all its ten fraction bits. */
const SMALLEST_NORMAL_HALF = 0x38800000;

/** Bits of 2^16, beyond every half. */
const BEYOND_HALF = 0x47800000;

function bitsOf(value: number): number {
  return new Uint32Array(Float32Array.of(value).buffer)[0] ?? 0;
}

/**
 * Converts a float32 tensor to float16: limits, then rounding to nearest even. Magnitudes of floats order like their bits, so the limits are
 * compared as integers and every value is touched once.
 */
export function toHalfTensor(tensor: Tensor, limits: HalfLimits): HalfTensor {
  const values = float32Values(tensor);
  const bits = new Int32Array(values.buffer, values.byteOffset, values.length);
  const halves = new Uint16Array(bits.length);
  const smallest = bitsOf(limits.minPositive);
  const largest = bitsOf(limits.maxFinite);
  let raised = 0;
  let limited = 0;
  const lowest = Math.max(smallest, SMALLEST_NORMAL_HALF);
  const plainSpan = Math.min(largest, BEYOND_HALF - 1) - lowest;
  for (let index = 0; index < bits.length; index++) {
    const pattern = bits[index] ?? 0;
    let magnitude = pattern & 0x7fffffff;
    // Nearly every weight lies here. Rounding in place spares them a call.
    if ((magnitude - lowest) >>> 0 <= plainSpan) {
      halves[index] = ((pattern >>> 16) & 0x8000) | ((magnitude - 0x38000000 + 0xfff + ((magnitude >>> 13) & 1)) >>> 13);
      continue;
    }
    if (magnitude < smallest && magnitude !== 0) {
      magnitude = smallest;
      raised++;
    } else if (magnitude > largest && magnitude < INFINITY_BITS) {
      magnitude = largest;
      limited++;
    }
    halves[index] = halfFromFloatBits((pattern & 0x80000000) | magnitude);
  }
  const half = makeTensor(DataType.FLOAT16, tensor.dims, halves);
  return { tensor: tensor.extras ? { ...half, extras: tensor.extras } : half, raised, limited };
}
