import { expect, it } from 'vitest';
import { outliers } from './outliers.ts';

it('flags a unit outside the spread of the others', () => {
  expect(outliers([10, 10.1, 9.9, 10.05, 12])).toEqual([false, false, false, false, true]);
});

it('takes a wide spread for what it is', () => {
  expect(outliers([10, 12, 8, 11, 9, 13]).some(Boolean)).toBe(false);
});

it('flags no difference under 2 %, however alike the others are, and none among fewer than five', () => {
  expect(outliers([10, 10, 10, 10, 10.19]).some(Boolean)).toBe(false);
  expect(outliers([10, 10, 10, 10, 10.21])).toEqual([false, false, false, false, true]);
  expect(outliers([10, 10, 10, 20]).some(Boolean)).toBe(false);
});
