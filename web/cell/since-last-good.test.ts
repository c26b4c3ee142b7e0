import { describe, expect, it } from 'vitest';
import { listedCells } from '../../api/words.ts';
import { SAMPLE_HISTORY, SAMPLE_MATRIX } from '../../test/rest/sample-matrix.ts';
import { sinceLastGood } from './since-last-good.ts';

const view = (state: string) => {
  const cell = listedCells(SAMPLE_MATRIX).find((listed) => listed.cell.state === state)?.cell;
  if (cell === undefined) throw new Error(`no cell is ${state}`);
  return { cell, history: [...SAMPLE_HISTORY] };
};
const differing = (state: string) =>
  sinceLastGood(view(state))
    ?.changes.filter(({ differs }) => differs)
    .map(({ what }) => what);

describe('what changed since a cell was last good', () => {
  it('is what differs between the last good result and the first bad one', () => {
    expect(differing('fell-back')).toEqual(['environment', 'ONNX Runtime']);
  });

  it('leaves out what the bad one never came to know', () => {
    expect(differing('failed')).toEqual([]);
  });

  it('is nothing while all is well, and open where history does not reach back', () => {
    expect(sinceLastGood(view('ok'))).toBeUndefined();
    expect(sinceLastGood({ ...view('fell-back'), history: [] })).toEqual({ good: undefined, bad: undefined, changes: [] });
  });
});
