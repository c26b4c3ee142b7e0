import { describe, expect, it } from 'vitest';
import { isEarlierLibrary, libraryName } from './library-names.ts';

const DIGEST = 'abcdef012345';

describe('names of function libraries', () => {
  it('tell the version, also of a build without one', () => {
    expect(libraryName('1.20.3-beta.1', `${DIGEST}6789`)).toBe(`grove_1_20_3_${DIGEST}`);
    expect(libraryName('unknown', DIGEST)).toBe(`grove_0_0_0_${DIGEST}`);
  });

  it.each([
    [`grove_${DIGEST}`, true],
    [`grove_1_2_9_${DIGEST}`, true],
    [`grove_1_1_30_${DIGEST}`, true],
    [`grove_0_9_9_${DIGEST}`, true],
    [`grove_1_3_0_ffffffffffff`, false],
    [`grove_1_10_0_${DIGEST}`, false],
    [`grove_2_0_0_${DIGEST}`, false],
    ['grove_of_somebody', false],
    ['other', false],
    [`my_grove_${DIGEST}`, false],
  ])('of %s: earlier than 1.3.0 is %s', (name, earlier) => {
    expect(isEarlierLibrary(name, libraryName('1.3.0', DIGEST))).toBe(earlier);
  });
});
