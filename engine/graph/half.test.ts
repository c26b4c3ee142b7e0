import fc from 'fast-check';
import { expect, test } from 'vitest';
import { floatsFromBfloats, floatsFromHalves, halfFromFloatBits, halvesFromFloats } from './half.ts';

const allHalves = Uint16Array.from({ length: 65536 }, (_, half) => half);
const allFloats = floatsFromHalves(allHalves);

function bitsOf(value: number): number {
  return new Uint32Array(Float32Array.of(value).buffer)[0]!;
}

/** Nearest half of a finite value by exhaustive search over the non-negative halves; ties go to the even pattern. */
function nearestHalf(value: number): number {
  const magnitude = Math.abs(value);
  if (magnitude >= 65520) return (value < 0 ? 0x8000 : 0) | 0x7c00;
  let best = 0;
  for (let half = 0; half < 0x7c00; half++) {
    const distance = Math.abs(allFloats[half]! - magnitude);
    const bestDistance = Math.abs(allFloats[best]! - magnitude);
    if (distance < bestDistance || (distance === bestDistance && half % 2 === 0)) best = half;
  }
  return (value < 0 || Object.is(value, -0) ? 0x8000 : 0) | best;
}

test('every half survives the way to float32 and back', () => {
  const back = halvesFromFloats(allFloats);
  const changed = allHalves.filter((half, index) => back[index] !== half && !Number.isNaN(allFloats[index]));
  expect([...changed]).toEqual([]);
});

test('NaN stays NaN and infinities stay infinite', () => {
  expect([...floatsFromHalves(halvesFromFloats(Float32Array.of(Number.NaN, Infinity, -Infinity)))]).toEqual([
    Number.NaN,
    Infinity,
    -Infinity,
  ]);
});

test.each([
  [65504, 0x7bff],
  [65519.996, 0x7bff],
  [65520, 0x7c00],
  [-70000, 0xfc00],
  [2 ** -24, 0x0001],
  [2 ** -25, 0x0000],
  [2 ** -25 * 1.0001, 0x0001],
  [2 ** -24 * 1.5, 0x0002],
  [2 ** -24 * 2.5, 0x0002],
  [1 + 2 ** -11, 0x3c00],
  [1 + 3 * 2 ** -11, 0x3c02],
  [-0, 0x8000],
])('rounds %d to the nearest half, ties to even', (value, half) => {
  expect(halfFromFloatBits(bitsOf(value))).toBe(half);
});

test('rounds any float32 to its nearest half', () => {
  const values = fc.oneof(
    fc.float({ noNaN: true, min: -70000, max: 70000 }),
    fc.float({ noNaN: true, min: Math.fround(-1e-4), max: Math.fround(1e-4) }),
  );
  fc.assert(
    fc.property(values, (value) => halfFromFloatBits(bitsOf(value)) === nearestHalf(value)),
    { numRuns: 100 },
  );
});

test('bfloat16 bits are the upper half of float32', () => {
  expect([...floatsFromBfloats(Uint16Array.of(0x3f80, 0xc000, 0x7f80))]).toEqual([1, -2, Infinity]);
});
