import { describe, expect, it } from 'vitest';
import { type CellCuration, curate, UNCURATED } from '../../domain/curation.ts';
import type { Cell, Matrix } from '../../domain/matrix.ts';
import type { TaskRecord } from '../store/task-store.ts';
import { aggregateOf, failedTask, matrixOf, measured, type TaskFacts, TRTRTX, taskOf } from './aggregate.cases.ts';

const AROUND = [0.995, 1.005, 1, 0.99, 1.01];
const launchesAt = (value: number) => AROUND.map((factor) => value * factor);
const at = (time: number, value: number, facts: TaskFacts = {}) => taskOf({ report: measured({}, launchesAt(value)), at: time, ...facts });

function cellsOf({ cells }: Matrix): readonly Cell[] {
  return cells.flat().filter((cell) => cell !== null);
}

async function cellOf(tasks: readonly TaskRecord[], curations?: ReadonlyMap<string, CellCuration>): Promise<Cell> {
  const [cell] = cellsOf(await matrixOf(tasks, [], curations));
  if (cell === undefined) throw new Error('there is no cell');
  return cell;
}

async function pinned(tasks: readonly TaskRecord[], baseline: TaskRecord): Promise<Cell> {
  const { id } = await cellOf(tasks);
  const curation = curate(UNCURATED, { kind: 'pin', taskIds: [baseline.taskId], reason: '' }, { by: 'ann', at: 1 });
  return cellOf(tasks, new Map([[id, curation]]));
}

/** Numbers of a normal distribution that are the same in every run (Park and Miller's generator, Box and Muller's transform). */
function normals(seed: number): () => number {
  let state = seed;
  const uniform = () => {
    state = (state * 48_271) % 2_147_483_647;
    return state / 2_147_483_647;
  };
  return () => Math.sqrt(-2 * Math.log(uniform())) * Math.cos(2 * Math.PI * uniform());
}

describe('a comparison', () => {
  it('is with the previous result until a baseline is pinned', async () => {
    const tasks = [at(1_000, 10), at(2_000, 11), at(3_000, 11.1)];
    expect(await cellOf(tasks)).toMatchObject({ state: 'ok', comparison: { against: 'previous', measuredAt: 2_000, changed: [] } });
    const cell = await pinned(tasks, tasks[0] ?? at(0, 1));
    expect(cell).toMatchObject({ state: 'regressed', reason: expect.stringMatching(/slower: 1\.110x its baseline/) });
    expect(cell.comparison).toMatchObject({ against: 'baseline', measuredAt: 1_000, changed: [] });
    expect(cell.comparison?.ratio.value).toBeCloseTo(1.11, 6);
  });

  it('with a baseline reaches back to results that have long shrunk', async () => {
    const tasks = Array.from({ length: 12 }, (_, index) => at(1_000 + index, 10 + index));
    const cell = await pinned(tasks, tasks[0] ?? at(0, 1));
    expect(cell.comparison?.ratio.value).toBeCloseTo(2.1, 6);
  });

  it('of the pinned result with itself there is none', async () => {
    const tasks = [at(1_000, 10), at(2_000, 11)];
    expect(await pinned(tasks, tasks[1] ?? at(0, 1))).toMatchObject({ state: 'ok', comparison: null });
  });

  it.each([
    ['recipe', { spec: { recipe: { ...TRTRTX, digest: 'b'.repeat(64) } } }],
    ['conversion', { spec: { conversionKey: 'e'.repeat(64) } }],
    ['environment', { report: measured({ environmentId: 'a'.repeat(64) }, launchesAt(20)) }],
    ['runtime', { report: measured({ runtime: { ...measured().runtime, ortLibraryDigest: 'b'.repeat(64) } }, launchesAt(20)) }],
  ] as const)('across another %s is shown and judges nothing', async (what, facts) => {
    const cell = await cellOf([at(1_000, 10), at(2_000, 20, facts)]);
    expect(cell.comparison).toMatchObject({ changed: [what], pValue: null });
    expect(cell.comparison?.ratio.value).toBeGreaterThan(1.5);
    expect([cell.state, cell.ratioToPrevious]).toEqual(['ok', null]);
  });

  it('below the smallest effect that counts changes nothing, however sure it is', async () => {
    const exact = (time: number, value: number) => taskOf({ report: measured({}, [value, value, value, value, value]), at: time });
    expect((await cellOf([exact(1_000, 10), exact(2_000, 10.19)])).state).toBe('ok');
    expect((await cellOf([exact(1_000, 10), exact(2_000, 10.21)])).state).toBe('regressed');
  });
});

describe('significance over the matrix', () => {
  const RECIPES = 400;
  const SIGMA = 0.01;

  /** A matrix of equal cells measured twice with 1 % between launches, of which the first `slower` became 6 % slower. */
  async function family(seed: number, slower: number): Promise<readonly Cell[]> {
    const normal = normals(seed);
    const draw = (factor: number) => Array.from({ length: 5 }, () => 10 * factor * Math.exp(SIGMA * normal()));
    const tasks = Array.from({ length: RECIPES }, (_, index) => index).flatMap((index) => {
      const spec = { modelId: `local:${index.toString().padStart(12, '0')}` };
      const second = measured({}, draw(index < slower ? 1.06 : 1));
      return [taskOf({ report: measured({}, draw(1)), at: 1_000, spec }), taskOf({ report: second, at: 2_000, spec })];
    });
    return cellsOf(await matrixOf(tasks));
  }

  const isChange = ({ state }: Cell) => state === 'regressed' || state === 'improved';

  it('calls nothing a change in equal results where each alone would be wrong once in twenty times', async () => {
    let alone = 0;
    let called = 0;
    for (const seed of [11, 12, 13, 14, 15]) {
      const cells = await family(seed, 0);
      expect(cells).toHaveLength(RECIPES);
      alone += cells.filter(({ comparison }) => (comparison?.pValue ?? 1) <= 0.05).length;
      called += cells.filter(isChange).length;
    }
    // 5 x 400 comparisons at 0.05: 100 expected, standard deviation 10.
    expect(alone).toBeGreaterThan(60);
    expect(alone).toBeLessThan(140);
    expect(called).toBeLessThanOrEqual(1);
  });

  it('finds nearly all of what became 6 % slower, and little else', async () => {
    const cells = await family(21, 80);
    const found = cells.filter(isChange);
    const truly = found.filter(({ key }) => Number(key.modelId.slice(6)) < 80);
    expect(truly.length).toBeGreaterThan(72);
    expect(found.length - truly.length).toBeLessThanOrEqual(0.1 * found.length);
  });
});

describe('history', () => {
  it('names the last good result and the first bad one after it', async () => {
    const good = at(2_000, 10);
    const bad = failedTask('pass-failed', { at: 3_000 });
    const cell = await cellOf([at(1_000, 10), good, bad, failedTask('pass-failed', { at: 4_000 })]);
    expect(cell.history).toEqual({
      results: 4,
      firstAt: 1_000,
      lastGood: { taskId: good.taskId, at: 2_000 },
      firstBad: { taskId: bad.taskId, at: 3_000 },
      fallback: null,
    });
  });

  it('says when other heavy nodes run elsewhere than before', async () => {
    const placement = { byEp: {}, heavyNodes: 36, heavyNodesElsewhere: 2, fellBack: true, partial: false, elsewhere: [] };
    const cell = await cellOf([at(1_000, 10), taskOf({ report: measured({ placement }), at: 2_000 })]);
    expect(cell).toMatchObject({ state: 'fell-back', history: { fallback: { before: 0, now: 2 } } });
  });

  it('lists every ended result of a cell, newest first, and not those of others', async () => {
    const tasks = [at(1_000, 10), at(2_000, 11), failedTask('agent-lost', { at: 3_000 }), at(2_500, 9, { spec: { modelId: 'org/other' } })];
    const aggregate = aggregateOf(() => [...tasks, taskOf({ at: 4_000 })]);
    const cell = cellsOf(await aggregate.matrix()).find(({ key }) => key.modelId === 'org/model');
    const history = (await aggregate.history(cell?.id ?? '')) ?? [];
    expect(history.map(({ state, at: time, p50Ms }) => [state, time, p50Ms === null])).toEqual([
      ['exception', 3_000, true],
      ['ok', 2_000, false],
      ['ok', 1_000, false],
    ]);
    expect(await aggregate.history('0'.repeat(16))).toBeUndefined();
  });
});

describe('units', () => {
  it('outside the spread of their model are flagged', async () => {
    const units = [10, 10.1, 9.9, 10.05, 15].map((value, index) =>
      taskOf({
        unit: `lab-${index + 1}/cpu0`,
        report: measured({ p50Ms: { value, low: value * 0.99, high: value * 1.01 } }),
        at: 1_000 + index,
      }),
    );
    const cell = await cellOf(units);
    expect(cell.unitStates.filter(({ badges }) => badges.includes('outlier')).map(({ unit }) => unit)).toEqual(['lab-5/cpu0']);
    expect(cell.badges).toContain('outlier');
    expect(cell.p50Ms).toEqual({ value: 10.05, low: 9.9, high: 15 });
  });

  it('are judged one by one', async () => {
    const tasks = ['lab-1/cpu0', 'lab-2/cpu0'].flatMap((unit, index) => [
      at(1_000, 10, { unit }),
      at(2_000, index === 0 ? 10 : 12, { unit }),
    ]);
    const cell = await cellOf(tasks);
    expect(cell.unitStates.map(({ unit, state }) => [unit, state])).toEqual([
      ['lab-1/cpu0', 'ok'],
      ['lab-2/cpu0', 'regressed'],
    ]);
    expect(cell).toMatchObject({ state: 'regressed', reason: expect.stringMatching(/^lab-2\/cpu0: slower/) });
  });
});
