import { expect, it } from 'vitest';
import { duration } from './duration.ts';

it('names a duration by its two largest units', () => {
  expect([0, 999, 61_000, 3_600_000, 90_061_000].map(duration)).toEqual(['0s', '0s', '1m 1s', '1h', '1d 1h']);
});
