import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { FLOAT16, FLOAT32 } from './float-kind.ts';
import { computeParameters, type ParameterRules } from './parameters.ts';
import { integerLimits, type QuantType } from './quant-type.ts';

const rules = (type: QuantType, changed: Partial<ParameterRules> = {}): ParameterRules => ({
  type,
  symmetric: false,
  reduceRange: false,
  minRealRange: undefined,
  ...changed,
});

const range = (min: number, max: number) => ({ min: Math.fround(min), max: Math.fround(max) });

describe('computeParameters', () => {
  test.each<[string, { min: number; max: number }, ParameterRules, { scale: number; zeroPoint: number }]>([
    ['a mask', range(-10000, 0), rules('uint16'), { scale: 10000 / 65535, zeroPoint: 65535 }],
    ['probabilities', range(0, 1), rules('uint16'), { scale: 1 / 65535, zeroPoint: 0 }],
    ['a range without zero', range(2, 10), rules('uint8'), { scale: 10 / 255, zeroPoint: 0 }],
    ['a range below zero', range(-4, -1), rules('int8'), { scale: 4 / 255, zeroPoint: 127 }],
    ['symmetric int8', range(-1, 3), rules('int8', { symmetric: true }), { scale: 6 / 254, zeroPoint: 0 }],
    ['symmetric uint8', range(-3, 1), rules('uint8', { symmetric: true }), { scale: 6 / 255, zeroPoint: 128 }],
    ['symmetric uint16', range(-3, 1), rules('uint16', { symmetric: true }), { scale: 6 / 65535, zeroPoint: 32768 }],
    ['symmetric int16', range(-3, 1), rules('int16', { symmetric: true }), { scale: 6 / 65534, zeroPoint: 0 }],
    ['one bit less', range(-1, 1), rules('uint8', { reduceRange: true }), { scale: 2 / 127, zeroPoint: 64 }],
    ['a narrow range made wider', range(0, 0), rules('uint8', { minRealRange: 1e-4 }), { scale: Math.fround(1e-4) / 255, zeroPoint: 0 }],
    ['zeros', range(0, 0), rules('int8'), { scale: 1, zeroPoint: 0 }],
    ['next to nothing', range(0, 1e-37), rules('uint8'), { scale: 1, zeroPoint: 0 }],
  ])('gives %s its scale and zero point', (_, seen, wanted, { scale, zeroPoint }) => {
    expect(computeParameters(seen, wanted, FLOAT32)).toEqual({ type: wanted.type, scale: Math.fround(scale), zeroPoint });
  });

  test.each([
    [Number.NaN, 1],
    [0, Number.POSITIVE_INFINITY],
    [Number.NEGATIVE_INFINITY, 0],
    [-3.4e38, 3.4e38],
  ])('refuses a range from %d to %d', (min, max) => {
    expect(computeParameters(range(min, max), rules('uint8'), FLOAT32)).toBe('range-not-finite');
  });

  test('leaves float16 whose scale would not be a normal number', () => {
    expect(computeParameters({ min: 0, max: 1 }, rules('uint16'), FLOAT16)).toBe('range-too-narrow');
    expect(computeParameters({ min: 0, max: 0 }, rules('uint16'), FLOAT16)).toMatchObject({ scale: 1 });
    expect(computeParameters({ min: -60000, max: 60000 }, rules('uint8'), FLOAT16)).toBe('range-not-finite');
  });

  test('spreads any range over the integers: zero is exact and both ends are within a step', () => {
    const end = fc.float({ noNaN: true, noDefaultInfinity: true, min: Math.fround(-1e30), max: Math.fround(1e30) });
    const type = fc.constantFrom<QuantType>('int8', 'uint8', 'int16', 'uint16');
    fc.assert(
      fc.property(end, end, fc.record({ type, symmetric: fc.boolean(), reduceRange: fc.boolean() }), (a, b, chosen) => {
        const seen = { min: Math.min(a, b), max: Math.max(a, b) };
        const found = computeParameters(seen, { ...chosen, minRealRange: undefined }, FLOAT32);
        if (typeof found === 'string' || found.scale === 1) return;
        const { scale, zeroPoint } = found;
        const { min, max } = integerLimits(chosen.type, chosen);
        expect(Number.isInteger(zeroPoint) && zeroPoint >= min && zeroPoint <= max).toBe(true);
        const slack = scale * (1 + 1e-4);
        expect((min - zeroPoint) * scale).toBeLessThanOrEqual(Math.min(seen.min, 0) + slack);
        expect((max - zeroPoint) * scale).toBeGreaterThanOrEqual(Math.max(seen.max, 0) - slack);
      }),
    );
  });
});
