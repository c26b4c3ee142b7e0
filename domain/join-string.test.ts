import { describe, expect, it } from 'vitest';
import { parseJoinString, writeJoinString } from './join-string.ts';

const PARTS = { url: 'https://grove.lab:4700', fingerprint: 'ab'.repeat(32), token: `join_${'1'.repeat(16)}_${'2'.repeat(64)}` };

describe('a join string', () => {
  it('is read as it was written', () => {
    expect(parseJoinString(` ${writeJoinString(PARTS)}\n`)).toEqual(PARTS);
  });

  it.each([
    ['plain http', writeJoinString({ ...PARTS, url: 'http://grove.lab:4700' })],
    ['a shortened fingerprint', writeJoinString({ ...PARTS, fingerprint: 'ab' })],
    ['a user name in the address', writeJoinString({ ...PARTS, url: 'https://ann:secret@grove.lab:4700' })],
    ['nothing', ''],
  ])('is refused with %s, and not repeated', (_what, text) => {
    expect(() => parseJoinString(text)).toThrow(expect.objectContaining({ code: 'invalid-argument' }));
    try {
      parseJoinString(text);
    } catch (error) {
      expect(String(error)).not.toContain('222');
    }
  });
});
