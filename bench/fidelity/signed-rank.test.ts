import { expect, test } from 'vitest';
import { seededRandom } from '../../engine/benchmark/seeded-random.ts';
import { signedRankRatio } from './signed-rank.ts';

test('equal pairs give their ratio with no width', () => {
  const { value, low, high } = signedRankRatio(new Array(30).fill(Math.log(1.01)));
  for (const bound of [value, low, high]) expect(bound).toBeCloseTo(1.01, 12);
});

test('few pairs give no interval', () => {
  expect(signedRankRatio([0, 0.1])).toMatchObject({ low: null, high: null });
});

test('the interval holds the truth in about 95 of 100 cases, also with wild pairs', () => {
  const random = seededRandom(7);
  const wild = () => (random() - 0.5) * (random() < 0.05 ? 2 : 0.02);
  let held = 0;
  for (let round = 0; round < 400; round++) {
    const { low, high } = signedRankRatio(Array.from({ length: 40 }, wild));
    if ((low ?? 0) <= 1 && (high ?? 0) >= 1) held += 1;
  }
  expect(held / 400).toBeGreaterThan(0.92);
});
