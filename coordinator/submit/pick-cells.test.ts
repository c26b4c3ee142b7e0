import { describe, expect, it } from 'vitest';
import type { ImportedResult } from '../../domain/imported-result.ts';
import type { Cell, Matrix } from '../../domain/matrix.ts';
import { sha256 } from '../../platform/sha256.ts';
import { SAMPLE_MATRIX } from '../../test/rest/sample-matrix.ts';
import { ImportedBeside } from '../aggregate/imported-cells.ts';
import { pickCells } from './pick-cells.ts';

const MATRIX: Matrix = SAMPLE_MATRIX;
const CELLS = MATRIX.cells.flat().filter((cell) => cell !== null);

function matrixOf(change: (cell: Cell) => Cell): Matrix {
  return { ...MATRIX, cells: MATRIX.cells.map((row) => row.map((cell) => (cell === null ? null : change(cell)))) };
}

describe('cells to run again', () => {
  it('are those in one of the states or with a badge, and no open ones', () => {
    const noisy = CELLS.filter(({ state }) => state === 'noisy');
    const stale = CELLS.filter(({ state, badges }) => badges.includes('stale') && state !== 'running' && state !== 'waiting');
    expect(pickCells(MATRIX, { states: ['noisy'] }).map(({ taskId }) => taskId)).toEqual(noisy.map(({ provenance }) => provenance.taskId));
    expect(pickCells(MATRIX, { states: ['stale'] })).toHaveLength(stale.length);
    const open = matrixOf((cell) => ({ ...cell, state: 'running', badges: ['stale'], unitStates: [] }));
    expect(pickCells(open, { states: ['stale', 'ok'] })).toEqual([]);
  });

  it('are judged unit by unit', () => {
    const unitStates: Cell['unitStates'] = [
      { unit: 'a/cpu0', state: 'ok', badges: [], taskId: 't-a', p50Ms: null, comparison: null },
      { unit: 'b/cpu0', state: 'noisy', badges: [], taskId: 't-b', p50Ms: null, comparison: null },
    ];
    const picked = pickCells(
      matrixOf((cell) => ({ ...cell, state: 'noisy', unitStates })),
      { states: ['noisy'] },
    );
    expect(picked).toHaveLength(CELLS.length);
    expect(picked[0]).toMatchObject({ taskId: 't-b', unit: 'b/cpu0' });
  });

  it('are narrowed by recipe and device, whichever way they are named', () => {
    const [row] = MATRIX.rows;
    const all = pickCells(
      matrixOf((cell) => ({ ...cell, state: 'failed', unitStates: [] })),
      { states: ['failed'], recipes: [row?.recipeId ?? ''] },
    );
    expect(all.length).toBe(MATRIX.cells[0]?.filter((cell) => cell !== null).length);
    expect(pickCells(MATRIX, { states: ['ok', 'noisy', 'failed'], devices: ['nobody/cpu0'] })).toEqual([]);
  });

  it('that are missing take a cell of their row as a pattern, once per device model', () => {
    const named = matrixOf((cell) => ({ ...cell, provenance: { ...cell.provenance, taskId: cell.id } }));
    const holes = pickCells(named, { states: ['missing'] }).filter(({ deviceModel }) => deviceModel !== null);
    expect(holes).toMatchObject([{ unit: null, deviceModel: MATRIX.columns.at(-1)?.deviceModel }]);
    const pattern = CELLS.find(({ id }) => id === holes[0]?.taskId);
    expect(pattern?.key.executedEp).toBe(MATRIX.columns.at(-1)?.executedEp);
  });

  it('are none that another tool measured, and no device that only such a tool has seen', () => {
    const ep = MATRIX.columns[0]?.executedEp ?? '';
    const other: ImportedResult = {
      tool: 'csv',
      deviceClass: 'npu',
      ...{ modelId: 'net', variant: 'fp16', deviceModel: 'NPU X', ep, latencyMs: 5, isMean: true },
      ...{ minMs: null, maxMs: null, p90Ms: null, p99Ms: null, samples: 100, throughputPerSecond: null, ortVersion: null },
      ...{ importedAt: 1, importedBy: 'ann' },
    };
    const both = { ...MATRIX, ...new ImportedBeside(sha256).beside(MATRIX, [other]) };
    for (const state of ['missing', 'ok'] as const)
      expect(pickCells(both, { states: [state] })).toEqual(pickCells(MATRIX, { states: [state] }));
  });
});
