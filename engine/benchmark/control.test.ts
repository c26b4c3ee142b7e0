import { describe, expect, it, test } from 'vitest';
import { variance } from '../../domain/statistics.ts';
import { sha256 } from '../../platform/sha256.ts';
import { encodeModel } from '../onnx/write.ts';
import { controlModel, controlReport, isControlDue, withRun } from './control.ts';

const DAY_MS = 24 * 60 * 60_000;
const RUN = { measuredAt: 1_000, launchMediansMs: [5, 5.1, 4.9, 5, 5.05] };
const record = withRun(undefined, 'e1', RUN);

test('the control model is the same bytes everywhere and in every version: drift is told against them', () => {
  expect(sha256(encodeModel(controlModel()))).toBe('3ea78277d91c188f5f9781ad8649a0453bb4bf7581a6f08d2bba896980d3d53e');
});

describe('isControlDue', () => {
  it('asks for a run without a record, after a day, in a new environment and when the clock went back', () => {
    expect(isControlDue(undefined, { environmentId: 'e1', at: 0 })).toBe(true);
    expect(isControlDue(record, { environmentId: 'e1', at: 1_000 + DAY_MS })).toBe(true);
    expect(isControlDue(record, { environmentId: 'e2', at: 1_001 })).toBe(true);
    expect(isControlDue(record, { environmentId: 'e1', at: 999 })).toBe(true);
  });

  it('is content with a run of today', () => {
    expect(isControlDue(record, { environmentId: 'e1', at: 999 + DAY_MS })).toBe(false);
  });
});

describe('controlReport', () => {
  it('says nothing of another environment', () => {
    expect(controlReport(record, 'e2')).toBeNull();
    expect(withRun(record, 'e2', RUN).runs).toHaveLength(1);
  });

  it('pools the variance within runs, whatever their levels, and tells the drift against the first', () => {
    const slower = withRun(record, 'e1', { measuredAt: 2_000, launchMediansMs: RUN.launchMediansMs.map((ms) => 2 * ms) });
    const report = controlReport(slower, 'e1');
    expect(report).toMatchObject({ runs: 2, measuredAt: 2_000, pool: { degreesOfFreedom: 8 } });
    expect(report?.pool.variance).toBeCloseTo(variance(RUN.launchMediansMs.map(Math.log)), 12);
    expect(report?.drift?.value).toBeCloseTo(2, 12);
  });

  it('keeps the first run and the newest of many', () => {
    let many = record;
    for (let day = 1; day < 100; day++) many = withRun(many, 'e1', { ...RUN, measuredAt: 1_000 + day });
    expect([many.runs.length, many.runs[0]?.measuredAt, many.runs.at(-1)?.measuredAt]).toEqual([30, 1_000, 1_099]);
  });
});
