import { describe, expect, test } from 'vitest';
import type { Plan } from '../api/submit.ts';
import { planText } from './plan-text.ts';

const finding = { recipeId: 'm/m_x.json', rule: 'percent-goal', path: '$.a', message: '0.1 means 0.1 %' };
const task: Plan['tasks'][number] = {
  taskId: null,
  kind: 'benchmark',
  recipeId: 'm/m_x.json',
  executedEp: 'CPUExecutionProvider',
  deviceModel: 'CPU',
  deviceNames: ['a/cpu0', 'b/cpu0', 'c/cpu0', 'd/cpu0', 'e/cpu0'],
  deviceCount: 5,
  estimate: null,
  state: 'failed',
  reason: 'Pass Y is not implemented natively.',
};
const plan: Plan = {
  tasks: [task],
  taskCount: 1,
  recipes: [],
  warnings: [],
  lint: [],
  cachedConversions: 0,
  fits: [],
  etaMs: null,
  etaUnknown: 'nobody knows',
};

describe('a plan', () => {
  test('names tasks, machines and the reason of a task that ends at once', () => {
    const text = planText(plan);
    expect(text).toMatch(/benchmark\s+x\s+CPUExecutionProvider\s+CPU\s+a\/cpu0, b\/cpu0, c\/cpu0 and 2 more\s+failed/);
    expect(text).toContain('x: Pass Y is not implemented natively.');
  });

  test('gives the estimate and counts what is stored already', () => {
    expect(planText({ ...plan, etaMs: 125_000, cachedConversions: 1 })).toContain('about 2m 5s; 1 conversion(s) already stored');
    expect(planText(plan)).toContain('Estimated time: unknown (nobody knows)');
  });

  test('says when each task starts, as far as it is known', () => {
    const at = (startMs: number | null) =>
      planText({ ...plan, tasks: [{ ...task, state: 'pending', estimate: { startMs, endMs: null, unknown: '', position: 1 } }] });
    expect(at(0)).toMatch(/pending\s+now/);
    expect(at(61_000)).toMatch(/pending\s+1m 1s/);
    expect(at(null)).toMatch(/pending\s+\?/);
  });

  test('says of each recipe which devices fit and what the others are refused for, when asked', () => {
    const refused = [{ line: 'is a cpu, not a npu', count: 9_999, first: ['a/cpu0', 'b/cpu0', 'c/cpu0', 'd/cpu0', 'e/cpu0'] }];
    const fits = [{ recipeId: 'm/m_x.json', matching: { count: 1, first: ['a/npu0'] }, refused }];
    const text = planText({ ...plan, fits }, { withDevices: true });
    expect(text).toContain('x: 1 fit: a/npu0\n  not 9,999: is a cpu, not a npu (a/cpu0, b/cpu0, c/cpu0 and 9,996 more)');
    expect(planText({ ...plan, fits })).not.toContain('fit:');
  });

  test('tells a sweep by recipe and not task by task', () => {
    const recipes = [
      { recipeId: 'm/m_x.json', tasks: 1_200 },
      { recipeId: 'm/m_x.json --set c.opset=20', tasks: 34 },
    ];
    const text = planText({ ...plan, tasks: Array.from({ length: 200 }, () => task), taskCount: 1_234, recipes });
    expect(text).toMatch(/x --set c.opset=20\s+34\n1,234 tasks in all/);
    expect(text.split('\n').length).toBeLessThan(12);
  });

  test('keeps a long list of lint from burying the tasks', () => {
    const text = planText({ ...plan, lint: Array.from({ length: 20 }, () => finding) });
    expect(text.match(/lint: x/g)).toHaveLength(8);
    expect(text).toContain('and 12 more');
  });
});
