import { describe, expect, test } from 'vitest';
import { duration, printable, table } from './output.ts';

describe('what the terminal shows', () => {
  test('carries no escape sequence of a log line or a device name', () => {
    expect(printable('a\u001b[2Jb\rc\u009bd\te\n')).toBe('a[2Jbcd\te\n');
  });

  test('is a table without borders or trailing blanks', () => {
    expect(table(['job', 'state'], [['j-1', 'running']])).toBe('JOB  STATE\nj-1  running');
    expect(table(['job', 'state'], [])).toContain('(none)');
  });

  test('names a duration by its two largest units', () => {
    expect([0, 999, 61_000, 3_600_000, 90_061_000].map(duration)).toEqual(['0s', '0s', '1m 1s', '1h', '1d 1h']);
  });
});
