import { describe, expect, it } from 'vitest';
import type { Quality } from '../../domain/report.ts';
import { SAMPLE_REPORT } from '../../test/rest/sample-matrix.ts';
import { replayText } from './replay-text.ts';
import {
  compareQuality,
  differencesOf,
  exitCodeOfReplay,
  judgeReplay,
  type MeasuredNumber,
  type ReplayedResult,
} from './replay-verdict.ts';

/** Five launches around a median, 1 % apart. */
function measured(p50Ms: number, change: Partial<MeasuredNumber> = {}): MeasuredNumber {
  const { placement, inputShapes, launches } = SAMPLE_REPORT;
  return {
    ...{ tier: 'smoke', ep: 'CPUExecutionProvider', emulated: false, placement, inputShapes },
    p50Ms: { value: p50Ms, low: null, high: null },
    launches: launches.map((launch, index) => ({ ...launch, p50Ms: p50Ms * (1 + 0.01 * (index - 2)) })),
    ...change,
  };
}

const GOOD: Quality = {
  ...{
    state: 'measured',
    rows: 10,
    cosineMean: 0.999,
    cosineMin: 0.998,
    cosinePooled: 0.9991,
    sqnrDb: 40,
    maxAbsDifference: 0.01,
    logit: null,
  },
  ...{ bound: { metric: 'cosine', min: 0.99, isDefault: true }, passed: true },
};

const REPLAY: ReplayedResult = {
  ...{ schemaVersion: 1, state: 'replayed', taskId: 'b-1', differences: [], quality: compareQuality(GOOD, GOOD) },
  ...{ recorded: measured(10), here: measured(10), ...judgeReplay(measured(10), measured(10), 0.02) },
};

describe('the ratio of a replay', () => {
  it('is that of the launch medians, with the interval that the matrix has', () => {
    const { ratio, verdict } = judgeReplay(measured(11), measured(10), 0.02);
    expect(ratio.value).toBeCloseTo(1.1, 6);
    expect(ratio.low).toBeGreaterThan(1.07);
    expect(ratio.high).toBeLessThan(1.13);
    expect(verdict).toBe('slower');
    expect(judgeReplay(measured(10), measured(11), 0.02).verdict).toBe('faster');
  });

  it('has no interval from a single launch, unless the recorded device has a pool', () => {
    const single = measured(10, { launches: measured(10).launches.slice(0, 1) });
    expect(judgeReplay(single, measured(10), 0.02)).toMatchObject({ ratio: { low: null, high: null }, verdict: 'inconclusive' });
    const control = {
      ...{ measuredAt: 1, p50Ms: { value: 1, low: null, high: null }, runs: 3, drift: null },
      pool: { variance: 1e-4, degreesOfFreedom: 12 },
    };
    const three = measured(10, { launches: measured(10).launches.slice(0, 3) });
    expect(judgeReplay(measured(10), { ...three, control }, 0.02).ratio.low).not.toBeNull();
  });

  it.each([
    [{ emulated: true }, 'it is emulated here'],
    [{ tier: 'ranked' }, 'the tiers differ'],
    [{ inputShapes: { input_ids: [8, 128] } }, 'the input shapes differ'],
    [{ placement: { ...SAMPLE_REPORT.placement, fellBack: true } }, 'one of them fell back to another execution provider'],
  ] satisfies [Partial<MeasuredNumber>, string][])('is not judged when %o', (change, why) => {
    expect(judgeReplay(measured(20, change), measured(10), 0.02)).toMatchObject({ verdict: 'inconclusive', incomparable: [why] });
  });
});

describe('the outputs of a replay', () => {
  it('are equal, agree or differ, by the figures and the bound', () => {
    const state = (here: Quality, recorded: Quality = GOOD) => compareQuality(recorded, here).state;
    expect(state(GOOD)).toBe('equal');
    expect(state({ ...GOOD, cosineMean: 0.9990000001 })).toBe('equal');
    expect(state({ ...GOOD, maxAbsDifference: 0.02 })).toBe('agrees');
    expect(state({ ...GOOD, sqnrDb: null })).toBe('agrees');
    expect(state({ ...GOOD, cosineMean: 0.5, passed: false })).toBe('differs');
    expect(state({ state: 'not-measured', why: 'no' })).toBe('not-compared');
  });
});

it('differences are what is known on both sides and another', () => {
  expect(differencesOf({ driver: '1', os: 'linux', sku: null, adapter: 'a' }, { driver: '2', os: 'linux', sku: 'X' })).toEqual([
    { what: 'driver', recorded: '1', here: '2' },
  ]);
});

describe('the exit code of a replay', () => {
  it('is that of a comparison in the same environment, and tells no failure from another machine’s speed', () => {
    const slower = { ...REPLAY, verdict: 'slower' as const };
    expect(exitCodeOfReplay({ ...REPLAY, verdict: 'same' })).toBe(0);
    expect(exitCodeOfReplay(slower)).toBe(3);
    expect(exitCodeOfReplay({ ...slower, differences: [{ what: 'device', recorded: 'a', here: 'b' }] })).toBe(0);
    expect(exitCodeOfReplay({ ...REPLAY, quality: compareQuality(GOOD, { ...GOOD, passed: false }) })).toBe(3);
    expect(exitCodeOfReplay({ schemaVersion: 1, state: 'unsupported', taskId: 'b-1', why: 'no npu', differences: [] })).toBe(5);
  });
});

it('a replay is told in words', () => {
  const text = replayText({ ...REPLAY, differences: [{ what: 'driver', recorded: '1', here: '2' }] });
  expect(text).toMatch(/^b-1: here\/recorded 1\.000x \[0\.\d+, 1\.\d+\]: .*, in another environment; measured at different times/);
  expect(text).toContain('the outputs are the same: recorded');
  expect(text).toMatch(/^driver +1 +2$/m);
  expect(replayText({ schemaVersion: 1, state: 'unsupported', taskId: 'b-1', why: 'no npu', differences: [] })).toBe(
    'unsupported here: no npu',
  );
});
