import { describe, expect, it } from 'vitest';
import { formatCount, jobProgressText } from './job-text.ts';

describe('the progress of a job', () => {
  it('is what has ended of all, and what of it ended badly', () => {
    expect(jobProgressText({ pending: 3_760, running: 6, completed: 1_231, failed: 3 })).toBe('1,234 of 5,000: 3 failed');
    expect(jobProgressText({ completed: 2, exception: 1, cancelled: 1 })).toBe('4 of 4: 1 exception, 1 cancelled');
    expect(jobProgressText({})).toBe('0 of 0');
  });

  it('groups digits', () => {
    expect([0, 999, 1_000, 1_234_567].map(formatCount)).toEqual(['0', '999', '1,000', '1,234,567']);
  });
});
