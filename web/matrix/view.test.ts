import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MATRIX_LISTS, STATE_SIGNS } from '../../api/words.ts';
import { GROUPINGS, type MatrixView, PLAIN_VIEW, readView, writeView } from './view.ts';

const STATES = Object.keys(STATE_SIGNS) as (keyof typeof STATE_SIGNS)[];

const views: fc.Arbitrary<MatrixView> = fc.record({
  words: fc.string(),
  states: fc.uniqueArray(fc.constantFrom(...STATES)),
  classes: fc.uniqueArray(fc.constantFrom('cpu', 'gpu', 'npu')),
  list: fc.constantFrom(null, ...MATRIX_LISTS),
  group: fc.constantFrom(...GROUPINGS),
  sort: fc.constantFrom('catalogue', 'name', 'worst', 'AMD XDNA2 & Co?-QNN'),
  descending: fc.boolean(),
  compact: fc.boolean(),
});

describe('the view in the address', () => {
  it('comes back as it was written', () => {
    fc.assert(
      fc.property(views, (view) => {
        expect(readView(writeView(view))).toEqual(view);
      }),
    );
  });

  it('is empty for the plain view', () => {
    expect(writeView(PLAIN_VIEW)).toBe('');
    expect(readView('')).toEqual(PLAIN_VIEW);
  });

  it('leaves out what it does not know', () => {
    expect(readView('?state=ok,tired&list=best&group=colour&more=1')).toEqual({ ...PLAIN_VIEW, states: ['ok'] });
  });
});
