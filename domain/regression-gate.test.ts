import { describe, expect, it } from 'vitest';
import { HOSTILE, SAMPLE_MATRIX } from '../test/rest/sample-matrix.ts';
import type { Cell, Comparison } from './matrix.ts';
import { type GateRules, gateMarkdown, judgeGate } from './regression-gate.ts';

const RULES: GateRules = { baseline: 'previous', maxRegression: 0.05, onMissing: 'ignore', onNoisy: 'ignore', across: [] };
const MEASURED = SAMPLE_MATRIX.cells.flat().find((cell) => cell?.state === 'ok');

function gate(change: Partial<Cell>, comparison: Partial<Comparison> | null, rules: Partial<GateRules> = {}) {
  if (MEASURED?.comparison == null) throw new Error('the sample has no comparison');
  const cell = { ...MEASURED, comparison: comparison === null ? null : { ...MEASURED.comparison, ...comparison }, ...change };
  const [row] = SAMPLE_MATRIX.rows;
  const [column] = SAMPLE_MATRIX.columns;
  if (row === undefined || column === undefined) throw new Error('the sample is empty');
  return judgeGate({ ...SAMPLE_MATRIX, rows: [row], columns: [column], cells: [[cell]] }, { ...RULES, ...rules });
}

const ratio = (value: number) => ({
  ratio: { value, low: value * 0.98, high: value * 1.02 },
  error: { standardError: 0.009, degreesOfFreedom: 8 },
});
const outcome = ({ verdict, checks }: ReturnType<typeof judgeGate>) => [verdict, checks[0]?.outcome];

describe('the gate', () => {
  it.each([
    [1.0, 'pass', 'ok'],
    [1.049, 'pass', 'ok'],
    [1.055, 'pass', 'noisy'],
    [1.1, 'regression', 'regression'],
  ])('at %f times the baseline: %s, %s', (value, verdict, what) => {
    expect(outcome(gate({}, ratio(value)))).toEqual([verdict, what]);
  });

  it('cannot tell what is noisy, unless it is proven all the same', () => {
    expect(outcome(gate({ state: 'noisy' }, ratio(1.02), { onNoisy: 'fail' }))).toEqual(['inconclusive', 'noisy']);
    expect(outcome(gate({ state: 'noisy' }, ratio(1.3), { onNoisy: 'fail' }))).toEqual(['regression', 'regression']);
    expect(outcome(gate({}, { error: null }, { onNoisy: 'fail' }))).toEqual(['inconclusive', 'noisy']);
  });

  it('misses baselines that nobody pinned, results that are not there, and changes that nobody allowed', () => {
    expect(outcome(gate({}, ratio(1), { baseline: 'pinned', onMissing: 'fail' }))).toEqual(['inconclusive', 'missing']);
    expect(outcome(gate({ state: 'running' }, null, { onMissing: 'fail' }))).toEqual(['inconclusive', 'missing']);
    const changed: Partial<Comparison> = { ...ratio(1.2), changed: ['environment'], pValue: null };
    expect(outcome(gate({}, changed))).toEqual(['pass', 'missing']);
    expect(outcome(gate({}, changed, { across: ['environment'] }))).toEqual(['regression', 'regression']);
    expect(judgeGate({ ...SAMPLE_MATRIX, rows: [], cells: [] }, { ...RULES, onMissing: 'fail' }).verdict).toBe('inconclusive');
  });

  it('takes what worked and does not any more for a regression', () => {
    const history = { results: 2, firstAt: 1, lastGood: { taskId: 't', at: 1 }, firstBad: { taskId: 'u', at: 2 }, fallback: null };
    expect(outcome(gate({ state: 'fell-back', history }, ratio(1)))).toEqual(['regression', 'regression']);
    expect(outcome(gate({ state: 'failed', history: { ...history, lastGood: null } }, null))).toEqual(['pass', 'missing']);
  });

  it('asks more of each of many units', () => {
    if (MEASURED?.comparison == null) throw new Error('the sample has no comparison');
    const comparison = { ...MEASURED.comparison, ...ratio(1.075) };
    const unit = (name: string, one: Comparison) => ({
      unit: name,
      state: 'ok' as const,
      badges: [],
      taskId: name,
      p50Ms: null,
      comparison: one,
    });
    const still = { ...MEASURED.comparison, ...ratio(1) };
    const many = Array.from({ length: 200 }, (_, index) => unit(`lab-${index}/npu0`, still));
    expect(gate({ unitStates: [unit('lab/npu0', comparison)] }, null).verdict).toBe('regression');
    expect(gate({ unitStates: [unit('lab/npu0', comparison), ...many] }, null).verdict).toBe('pass');
  });

  it('is written for a pull request without markup of names', () => {
    const text = gateMarkdown(gate({ units: [HOSTILE] }, ratio(1.1)), RULES);
    expect(text).toMatch(/^### Grove gate: regression\n\n0 of 1 ok, at most 5 % slower than the previous result allowed/);
    expect(text).not.toContain(HOSTILE);
    expect(gateMarkdown(gate({}, ratio(1)), RULES)).not.toContain('|');
  });
});
