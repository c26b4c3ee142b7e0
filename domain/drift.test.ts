import { expect, test } from 'vitest';
import { driftReasons } from './drift.ts';
import type { LaunchReport } from './report.ts';

const LAUNCH: LaunchReport = {
  ...{ index: 0, createMs: 1, firstInferenceMs: 1, warmup: { runs: 10, durationMs: 1, stable: true }, sampleCount: 1, samplesPath: 's' },
  ...{ p50Ms: 1, meanMs: 1, minMs: 1, maxMs: 1, p90Ms: 1, p99Ms: null, rssPeakBytes: 1 },
};
const CONTROL = { measuredAt: 1, p50Ms: { value: 1, low: null, high: null }, runs: 2, pool: { variance: 0, degreesOfFreedom: 4 } };

test('a steady probe and a report of an older agent say nothing', () => {
  expect(driftReasons({ launches: [LAUNCH] })).toEqual([]);
  expect(driftReasons({ launches: [{ ...LAUNCH, noise: { beforeMs: 1, afterMs: 1.09 } }], control: null })).toEqual([]);
});

test('a probe that changed between launches is told, with its size', () => {
  const launches = [1, 1.3].map((ms) => ({ ...LAUNCH, noise: { beforeMs: ms, afterMs: ms } }));
  expect(driftReasons({ launches })).toEqual(['the noise probe varied by 30 % while it was measured']);
});

test('a control recipe that moved beyond its interval is told; one within it is not', () => {
  const told = (low: number) => driftReasons({ launches: [LAUNCH], control: { ...CONTROL, drift: { value: 1.2, low, high: 1.4 } } });
  expect(told(1.1)).toEqual(['the control recipe takes 1.200x what it took at first']);
  expect(told(0.9)).toEqual([]);
});
