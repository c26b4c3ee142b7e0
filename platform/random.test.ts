import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { systemRandom, uuidV7 } from './random.ts';

const UUID_V7 = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

describe('systemRandom', () => {
  it('makes tokens of the asked size', () => {
    expect(systemRandom.token(16)).toMatch(/^[0-9a-f]{32}$/);
  });

  it('never gives the same token twice, also beyond what it asks for at once', () => {
    const tokens = Array.from({ length: 2_000 }, () => systemRandom.token(16));
    expect(new Set(tokens).size).toBe(2_000);
    expect(systemRandom.token(10_000)).toHaveLength(20_000);
  });

  it('makes distinct version 7 identifiers', () => {
    const ids = Array.from({ length: 100 }, () => systemRandom.id());
    expect(new Set(ids).size).toBe(100);
    for (const id of ids) expect(id).toMatch(UUID_V7);
  });

  it('orders identifiers by their time whatever the random bits', () => {
    const bytes = fc.uint8Array({ minLength: 10, maxLength: 10 });
    const sample = fc.record({ early: fc.nat({ max: 2 ** 47 }), later: fc.integer({ min: 1, max: 1_000_000 }), a: bytes, b: bytes });
    fc.assert(
      fc.property(sample, ({ early, later, a, b }) => {
        expect(uuidV7(early, a) < uuidV7(early + later, b)).toBe(true);
        expect(uuidV7(early, a)).toMatch(UUID_V7);
      }),
    );
  });
});
