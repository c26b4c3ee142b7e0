import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { CellState } from '../../domain/cell-state.ts';
import { GroveError } from '../../domain/errors.ts';
import { matrixSchema } from '../../domain/matrix.ts';
import type { BenchmarkReport } from '../../domain/report.ts';
import { converted } from '../../test/farm/results.ts';
import type { TaskRecord } from '../store/task-store.ts';
import { failedTask, matrixOf, measured, recipeOf, type TaskFacts, taskOf } from './aggregate.cases.ts';

async function onlyCell(tasks: readonly TaskRecord[], others: readonly TaskRecord[] = []) {
  const { cells } = await matrixOf(tasks, others);
  expect(cells.flat()).toHaveLength(1);
  const [cell] = cells.flat();
  if (cell === null || cell === undefined) throw new Error('there is no cell');
  return cell;
}

const FELL_BACK = {
  byEp: {},
  heavyNodes: 36,
  heavyNodesElsewhere: 2,
  fellBack: true,
  partial: false,
  elsewhere: ['MatMul_3 (MatMul) on CPU'],
};
const BAD_QUALITY: BenchmarkReport['quality'] = {
  state: 'measured',
  rows: 10,
  cosineMean: 0.91,
  cosineMin: 0.8,
  cosinePooled: null,
  sqnrDb: null,
  maxAbsDifference: 1,
  logit: null,
  bound: { metric: 'cosine', min: 0.99, isDefault: true },
  passed: false,
};

describe('the state of a cell', () => {
  it.each<[string, TaskRecord, CellState, RegExp]>([
    ['a plain result', taskOf({ report: measured() }), 'ok', /^$/],
    ['a wide interval', taskOf({ report: measured({ verdict: 'noisy' }) }), 'noisy', /wider than 2 %/],
    ['too few launches', taskOf({ report: measured({ verdict: 'insufficient' }, [10, 10]) }), 'insufficient', /2 launches/],
    ['a heavy node elsewhere', taskOf({ report: measured({ placement: FELL_BACK }) }), 'fell-back', /2 of 36 heavy nodes.*MatMul_3/],
    [
      'outputs that differ',
      taskOf({ report: measured({ quality: BAD_QUALITY }) }),
      'quality',
      /cosine 0.91 is below 0.99 \(default bound\)/,
    ],
    ['both at once', taskOf({ report: measured({ quality: BAD_QUALITY, placement: FELL_BACK, verdict: 'noisy' }) }), 'fell-back', /heavy/],
    ['a failed pass', failedTask('pass-failed'), 'failed', /node 7/],
    ['an unsupported pass', failedTask('unsupported-pass'), 'unsupported', /not implemented/],
    ['retries spent', failedTask('agent-lost'), 'exception', /stopped answering/],
    ['a queued task', taskOf({}), 'waiting', /^queued$/],
    ['a task that waits for its conversion', taskOf({ change: { state: 'waiting' } }), 'waiting', /conversion/],
    ['a leased task', taskOf({ change: { state: 'leased' } }), 'running', /measured/],
    ['a running task', taskOf({ change: { state: 'running' } }), 'running', /measured/],
  ])('%s', async (_what, task, state, reason) => {
    const cell = await onlyCell([task]);
    expect(cell.state).toBe(state);
    expect(cell.reason).toMatch(reason);
  });

  it('is the failed conversion’s when that kept a benchmark from running', async () => {
    const conversion = failedTask('pass-failed');
    const error = new GroveError('source-failed', { taskId: conversion.taskId, ended: 'failed' }).toReport();
    const cell = await onlyCell([taskOf({ change: { state: 'failed', error, endedAt: 5, needs: [conversion.taskId] } })], [conversion]);
    expect(cell).toMatchObject({ state: 'failed', code: 'pass-failed' });
  });

  it('leaves nothing of a cancelled task', async () => {
    expect((await matrixOf([taskOf({ change: { state: 'cancelled', endedAt: 5 } })])).cells).toEqual([]);
  });
});

/** A launch whose probe took the first time before, the second after it. */
function withNoise(report: BenchmarkReport, [beforeMs, afterMs]: readonly [number, number]): BenchmarkReport {
  return { ...report, launches: report.launches.map((launch) => ({ ...launch, noise: { beforeMs, afterMs } })) };
}

describe('badges', () => {
  const now = { temperatureC: null, utilization: null, freeMemoryBytes: null, powerSource: 'battery', powerMode: 'unknown' } as const;
  const onBattery = { before: now, during: [], after: now, warnings: [{ gate: 'battery' as const, why: 'it runs on battery' }] };

  it.each([
    ['partial', taskOf({ report: measured({ placement: { ...FELL_BACK, fellBack: false, partial: true } }) })],
    ['stale', taskOf({ report: measured({ environmentId: 'a'.repeat(64) }) })],
    ['substituted', taskOf({ report: measured() })],
    ['synthetic', taskOf({ report: measured(), spec: { synthetic: true } })],
    ['disturbed', taskOf({ report: measured({ deviceStates: onBattery }) })],
    ['local-data', taskOf({ report: measured(), spec: { localData: ['xnli'] } })],
    ['drift', taskOf({ report: withNoise(measured(), [1, 1.3]) })],
  ])('%s', async (badge, task) => {
    expect((await onlyCell([task])).badges).toContain(badge);
  });

  it('are none for a plain result on the asked execution provider', async () => {
    const { badges } = await onlyCell([taskOf({ report: measured(), spec: { substitution: null } })]);
    expect(badges).toEqual([]);
  });
});

describe('several results of one cell', () => {
  const slow = [12, 12.1, 11.9, 12.05, 11.95];
  const fast = [8, 8.1, 7.9, 8.05, 7.95];

  it.each<[CellState, readonly number[]]>([
    ['regressed', slow],
    ['improved', fast],
    ['ok', [10.05, 10.1, 9.95, 10, 10.02]],
  ])('compare the latest with the one before: %s', async (state, medians) => {
    const cell = await onlyCell([taskOf({ report: measured(), at: 1_000 }), taskOf({ report: measured({}, medians), at: 2_000 })]);
    expect(cell.state).toBe(state);
    expect(cell.ratioToPrevious).toMatchObject({ low: expect.any(Number), high: expect.any(Number) });
    expect(cell.provenance.measuredAt).toBe(2_000);
  });

  it.each<[string, TaskFacts]>([
    ['environment', { report: measured({ environmentId: 'a'.repeat(64) }, slow), at: 2_000 }],
    ['conversion', { report: measured({}, slow), spec: { conversionKey: 'e'.repeat(64) }, at: 2_000 }],
    ['runtime', { report: measured({ runtime: { ...measured().runtime, adapter: 'ort-native' } }, slow), at: 2_000 }],
    ['unit', { report: measured({}, slow), unit: 'lab-2/cpu0', at: 2_000 }],
  ])('are not compared across another %s', async (_what, facts) => {
    const cell = await onlyCell([taskOf({ report: measured(), at: 1_000 }), taskOf(facts)]);
    expect([cell.state, cell.ratioToPrevious]).toEqual(['ok', null]);
  });

  it('roll units up to the median of their medians with the smallest and the largest', async () => {
    const units = [9, 10, 14].map((value, index) =>
      taskOf({ unit: `lab-${index + 1}/cpu0`, report: measured({ p50Ms: { value, low: value, high: value } }), at: 1_000 + index }),
    );
    const cell = await onlyCell(units);
    expect(cell.p50Ms).toEqual({ value: 10, low: 9, high: 14 });
    expect(cell.units).toEqual(['lab-1/cpu0', 'lab-2/cpu0', 'lab-3/cpu0']);
  });

  it('name the worst unit', async () => {
    const cell = await onlyCell([
      taskOf({ report: measured({ verdict: 'noisy' }) }),
      taskOf({ unit: 'lab-2/cpu0', report: measured(), at: 2_000 }),
    ]);
    expect([cell.state, cell.reason]).toEqual(['noisy', 'lab-1/cpu0: the interval stayed wider than 2 % within the budget']);
  });

  it('keep a number while the next one is measured, and lose it to a later failure', async () => {
    const first = taskOf({ report: measured(), at: 1_000 });
    expect((await onlyCell([first, taskOf({ at: 2_000, change: { state: 'running' } })])).state).toBe('ok');
    expect(await onlyCell([first, failedTask('pass-failed', { at: 2_000 })])).toMatchObject({ state: 'failed', p50Ms: null });
    expect((await onlyCell([failedTask('pass-failed', { at: 500 }), first])).state).toBe('ok');
  });

  it('stay apart for another condition, tier or shape', async () => {
    const tasks = [
      taskOf({ report: measured() }),
      taskOf({ report: measured({ condition: { powerSource: 'battery', powerMode: 'saver' } }) }),
      taskOf({ report: measured({ tier: 'ranked' }), spec: { tier: 'ranked' } }),
    ];
    const { columns } = await matrixOf(tasks);
    expect(columns.map(({ condition, tier }) => `${condition} ${tier}`).sort()).toEqual([
      'ac performance ranked',
      'ac performance smoke',
      'battery saver smoke',
    ]);
  });
});

describe('the layout', () => {
  it('puts a cell without a number into the column of its device, not into one of its own', async () => {
    const tasks = [taskOf({ report: measured() }), failedTask('unsupported-pass', { spec: { recipe: recipeOf('dml') } })];
    const { rows, columns, cells } = await matrixOf(tasks);
    expect([rows.length, columns.length]).toEqual([2, 1]);
    expect(
      cells
        .flat()
        .map((cell) => cell?.state)
        .sort(),
    ).toEqual(['ok', 'unsupported']);
  });

  it('counts for a row what its recipe hides and what its newest conversion found with the model', async () => {
    const { result } = converted({ sha256: 'a'.repeat(64), sizeBytes: 1 });
    const conversion = taskOf({ change: { taskId: 'c-1', state: 'completed', endedAt: 5, result } });
    const findings = async (needs: readonly string[]) =>
      (await matrixOf([taskOf({ report: measured(), change: { needs } })], [conversion])).rows[0]?.lintFindings;
    const own = await findings([]);
    expect(own).toBeGreaterThan(0);
    expect(await findings(['c-1'])).toBe((own ?? 0) + 1);
  });

  it('shows an export for another task as a row of its own', async () => {
    const tasks = [taskOf({ report: measured() }), taskOf({ report: measured(), spec: { task: 'text-classification' } })];
    expect((await matrixOf(tasks)).rows.map(({ recipeId }) => recipeId)).toEqual([
      'm/trtrtx.json',
      'm/trtrtx.json --task text-classification',
    ]);
  });

  it('gives a command that measures the cell again', async () => {
    const { reproduce } = await onlyCell([
      taskOf({ report: measured(), spec: { localData: ['xnli'], launches: 7, task: 'text-classification' } }),
    ]);
    expect(reproduce).toBe(
      'grove submit m/trtrtx.json --model FOLDER --data xnli=FILE --on lab-1/cpu0 --substitute-ep cpu --tier smoke --launches 7 --task text-classification --watch',
    );
  });

  it('gives what was read of local data, and a bound of the submitter, in that command', async () => {
    const qualityBound = { metric: 'cosine', min: 0.9, isDefault: false, asked: true } as const;
    const spec = { localData: ['xnli'], localColumns: { xnli: 'query,passage,label=relevance' }, qualityBound };
    const { reproduce } = await onlyCell([taskOf({ report: measured(), spec })]);
    expect(reproduce).toContain(' --data xnli=FILE:query,passage,label=relevance ');
    expect(reproduce).toContain(' --min-cosine 0.9 ');
  });

  it('is a valid matrix whatever the tasks are, and shows something unless all were cancelled', async () => {
    const task = fc.record({
      unit: fc.constantFrom('lab-1/cpu0', 'lab-2/cpu0', 'gone/cpu0'),
      at: fc.integer({ min: 1, max: 1e6 }),
      label: fc.constantFrom('trtrtx', 'dml'),
      kind: fc.constantFrom('measured', 'failed', 'open', 'cancelled'),
      powerMode: fc.constantFrom('performance', 'balanced'),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(task, { maxLength: 20 }), async (facts) => {
        const tasks = facts.map(({ unit, at, label, kind, powerMode }) => {
          const common = { unit, at, spec: { recipe: recipeOf(label) } };
          if (kind === 'measured') return taskOf({ ...common, report: measured({ condition: { powerSource: 'ac', powerMode } }) });
          if (kind === 'failed') return failedTask('pass-failed', common);
          return taskOf({ ...common, change: kind === 'open' ? {} : { state: 'cancelled', endedAt: at } });
        });
        const matrix = matrixSchema.parse(await matrixOf(tasks));
        expect(matrix.cells.length).toBe(matrix.rows.length);
        expect(matrix.cells.every((row) => row.length === matrix.columns.length)).toBe(true);
        const live = facts.some(({ kind }) => kind !== 'cancelled');
        expect(matrix.cells.flat().some((cell) => cell !== null)).toBe(live);
      }),
      { numRuns: 100 },
    );
  });
});
