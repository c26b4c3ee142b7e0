import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { truncatedLengths } from './truncate.ts';

const lengths = fc.record({ first: fc.nat(600), second: fc.nat(600) });
const budget = fc.nat(512);

describe('truncatedLengths', () => {
  it('keeps everything that fits', () => {
    expect(truncatedLengths({ first: 3, second: 5 }, 8, 'longest_first')).toEqual({ first: 3, second: 5 });
  });

  it('takes from the longer sequence first', () => {
    expect(truncatedLengths({ first: 10, second: 100 }, 50, 'longest_first')).toEqual({ first: 10, second: 40 });
    expect(truncatedLengths({ first: 100, second: 10 }, 50, 'longest_first')).toEqual({ first: 40, second: 10 });
  });

  it('splits an odd budget in favour of the longer sequence, and of the second on a tie', () => {
    expect(truncatedLengths({ first: 60, second: 50 }, 51, 'longest_first')).toEqual({ first: 26, second: 25 });
    expect(truncatedLengths({ first: 50, second: 50 }, 51, 'longest_first')).toEqual({ first: 25, second: 26 });
  });

  it('removes only from the named sequence and refuses to remove all of it', () => {
    expect(truncatedLengths({ first: 9, second: 5 }, 10, 'only_first')).toEqual({ first: 5, second: 5 });
    expect(truncatedLengths({ first: 9, second: 5 }, 10, 'only_second')).toEqual({ first: 9, second: 1 });
    expect(truncatedLengths({ first: 9, second: 5 }, 9, 'only_second')).toBeUndefined();
    expect(truncatedLengths({ first: 9, second: 0 }, 8, 'only_second')).toBeUndefined();
  });

  it('longest_first fills the budget exactly and never lengthens a sequence', () => {
    fc.assert(
      fc.property(lengths, budget, (given, limit) => {
        const kept = truncatedLengths(given, limit, 'longest_first');
        expect(kept).toBeDefined();
        expect((kept?.first ?? 0) + (kept?.second ?? 0)).toBe(Math.min(limit, given.first + given.second));
        expect(kept?.first).toBeLessThanOrEqual(given.first);
        expect(kept?.second).toBeLessThanOrEqual(given.second);
      }),
    );
  });
});
