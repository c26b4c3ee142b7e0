import { describe, expect, it } from 'vitest';
import { moveBy } from './grid-keys.ts';

const SHAPE = { lines: 100, columns: 7, page: 10 };

describe('keys in the grid', () => {
  it('move by one, by a page, and to the ends of a line', () => {
    const from = { line: 20, column: 3 };
    expect(moveBy('ArrowDown', from, SHAPE)).toEqual({ line: 21, column: 3 });
    expect(moveBy('PageUp', from, SHAPE)).toEqual({ line: 10, column: 3 });
    expect(moveBy('End', from, SHAPE)).toEqual({ line: 20, column: 6 });
    expect(moveBy('x', from, SHAPE)).toBeUndefined();
  });

  it('stay inside', () => {
    expect(moveBy('ArrowUp', { line: 0, column: 0 }, SHAPE)).toEqual({ line: 0, column: 0 });
    expect(moveBy('PageDown', { line: 95, column: 6 }, SHAPE)).toEqual({ line: 99, column: 6 });
    expect(moveBy('ArrowRight', { line: 0, column: 0 }, { ...SHAPE, columns: 0 })).toEqual({ line: 0, column: 0 });
  });
});
