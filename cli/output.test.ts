import { describe, expect, test } from 'vitest';
import { printable, table } from './output.ts';

describe('what the terminal shows', () => {
  test('carries no escape sequence of a log line or a device name', () => {
    expect(printable('a\u001b[2Jb\rc\u009bd\te\n')).toBe('a[2Jbcd\te\n');
  });

  test('is a table without borders or trailing blanks', () => {
    expect(table(['job', 'state'], [['j-1', 'running']])).toBe('JOB  STATE\nj-1  running');
    expect(table(['job', 'state'], [])).toContain('(none)');
  });
});
