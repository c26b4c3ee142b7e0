import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { chooseRange } from './range.ts';

describe('a range', () => {
  it('is clipped to the blob', () => {
    expect(chooseRange('bytes=0-99', 10)).toEqual({ kind: 'range', range: { first: 0, last: 9 } });
    expect(chooseRange('bytes=-99', 10)).toEqual({ kind: 'range', range: { first: 0, last: 9 } });
  });

  it('that lies outside, or of an empty blob, cannot be served', () => {
    expect(chooseRange('bytes=10-', 10)).toEqual({ kind: 'unsatisfiable' });
    expect(chooseRange('bytes=-0', 10)).toEqual({ kind: 'unsatisfiable' });
    expect(chooseRange('bytes=0-', 0)).toEqual({ kind: 'unsatisfiable' });
  });

  it('that is malformed, multiple or in another unit means the whole', () => {
    for (const header of [undefined, '', 'bytes=', 'bytes=-', 'bytes=5-2', 'bytes=0-1,4-5', 'items=0-1', 'bytes=a-b'])
      expect(chooseRange(header, 10)).toEqual({ kind: 'whole' });
  });

  it('never leaves the blob, whatever is asked', () => {
    fc.assert(
      fc.property(fc.nat(), fc.nat(), fc.nat({ max: 1_000 }), (from, to, sizeBytes) => {
        for (const header of [`bytes=${from}-${to}`, `bytes=${from}-`, `bytes=-${to}`]) {
          const choice = chooseRange(header, sizeBytes);
          if (choice.kind === 'range') {
            expect(choice.range.first).toBeGreaterThanOrEqual(0);
            expect(choice.range.first).toBeLessThanOrEqual(choice.range.last);
            expect(choice.range.last).toBeLessThan(sizeBytes);
          }
        }
      }),
    );
  });
});
