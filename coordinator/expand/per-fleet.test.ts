import { describe, expect, it } from 'vitest';
import { perFleet } from './per-fleet.ts';

describe('what follows from a fleet', () => {
  it('is worked out once per question and list of devices', () => {
    const answers = perFleet<number>();
    const [fleet, other] = [[], []];
    let made = 0;
    const make = (): number => {
      made += 1;
      return made;
    };
    expect([answers(fleet, 'a', make), answers(fleet, 'a', make), answers(fleet, 'b', make), answers(other, 'a', make)]).toEqual([
      1, 1, 2, 3,
    ]);
  });

  it('stays bounded', () => {
    const answers = perFleet<number>();
    const fleet: [] = [];
    for (let key = 0; key <= 1_000; key++) answers(fleet, `${key}`, () => key);
    expect(answers(fleet, '0', () => -1)).toBe(-1);
  });
});
