import { expect, it } from 'vitest';
import { SAMPLE_MATRIX } from '../test/rest/sample-matrix.ts';
import { cellsInList, listedCells, type MATRIX_LISTS } from './matrix-lists.ts';

const statesIn = (name: (typeof MATRIX_LISTS)[number], days = 7) => cellsInList(SAMPLE_MATRIX, name, days).map(({ cell }) => cell.state);

it('finds each kind of cell once', () => {
  expect(statesIn('new')).toEqual(['improved']);
  expect(statesIn('newly-failing')).toEqual(['failed']);
  expect(statesIn('newly-failing', 30)).toEqual(['fell-back', 'failed']);
  expect(statesIn('regressed')).toEqual(['regressed']);
  expect(statesIn('improved')).toEqual(['improved']);
  expect(statesIn('fallback-changed')).toEqual(['fell-back']);
  expect(statesIn('quality-failed')).toEqual(['quality']);
  expect(statesIn('stale')).toEqual(['noisy']);
});

it('misses what was measured and is not any more', () => {
  expect(statesIn('missing-since')).toEqual([]);
  const measured = listedCells(SAMPLE_MATRIX).filter(({ cell }) => cell.provenance.measuredAt !== null);
  // And one that ended without a number after a good result of three days ago.
  expect(cellsInList(SAMPLE_MATRIX, 'missing-since', 1)).toHaveLength(measured.length + 1);
});
