/**
 * IEEE 754 binary16 and bfloat16 against binary32, on raw bits. Rounding is to nearest, ties to even, as ONNX Runtime's and numpy's casts do.
 */

/** Bits of the binary16 nearest to the binary32 with these bits. Overflow gives infinity; a NaN stays a (quiet) NaN. */
export function halfFromFloatBits(bits: number): number {
  const sign = (bits >>> 16) & 0x8000;
  const magnitude = bits & 0x7fffffff;
  if (magnitude >= 0x47800000) {
    return magnitude > 0x7f800000 ? sign | 0x7e00 | ((magnitude >>> 13) & 0x3ff) : sign | 0x7c00;
  }
  if (magnitude >= 0x38800000) {
    // The carry of the rounding may run into the exponent: 65520 and above become infinity by themselves.
    return sign | ((magnitude - 0x38000000 + 0xfff + ((magnitude >>> 13) & 1)) >>> 13);
  }
  if (magnitude <= 0x33000000) return sign;
  const shift = 126 - (magnitude >>> 23);
  const mantissa = (magnitude & 0x7fffff) | 0x800000;
  const truncated = mantissa >>> shift;
  const rest = mantissa & ((1 << shift) - 1);
  const middle = 1 << (shift - 1);
  const up = rest > middle || (rest === middle && (truncated & 1) === 1) ? 1 : 0;
  return sign | (truncated + up);
}

/** Rounds float32 values to binary16 bits. */
export function halvesFromFloats(values: Float32Array): Uint16Array {
  const bits = new Uint32Array(values.buffer, values.byteOffset, values.length);
  const halves = new Uint16Array(values.length);
  for (let i = 0; i < halves.length; i++) halves[i] = halfFromFloatBits(bits[i] ?? 0);
  return halves;
}

let floatOfHalf: Float32Array | undefined;

/** The exact float32 of every one of the 65,536 binary16 patterns, built once on first use. */
function halfTable(): Float32Array {
  if (floatOfHalf) return floatOfHalf;
  const table = new Float32Array(65536);
  const bits = new Uint32Array(table.buffer);
  for (let half = 0; half < 65536; half++) {
    const sign = (half & 0x8000) << 16;
    const exponent = (half >>> 10) & 0x1f;
    const mantissa = half & 0x3ff;
    if (exponent === 0) table[half] = (half & 0x8000 ? -1 : 1) * mantissa * 2 ** -24;
    else if (exponent === 31) bits[half] = (sign | 0x7f800000 | (mantissa << 13)) >>> 0;
    else bits[half] = (sign | ((exponent + 112) << 23) | (mantissa << 13)) >>> 0;
  }
  floatOfHalf = table;
  return table;
}

/** Widens binary16 bits to float32; exact. */
export function floatsFromHalves(halves: Uint16Array): Float32Array {
  const table = halfTable();
  const values = new Float32Array(halves.length);
  for (let i = 0; i < values.length; i++) values[i] = table[halves[i] ?? 0] ?? 0;
  return values;
}

/** Widens bfloat16 bits to float32; exact. */
export function floatsFromBfloats(bfloats: Uint16Array): Float32Array {
  const bits = new Uint32Array(bfloats.length);
  for (let i = 0; i < bits.length; i++) bits[i] = (bfloats[i] ?? 0) << 16;
  return new Float32Array(bits.buffer);
}
