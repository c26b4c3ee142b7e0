import { describe, expect, it } from 'vitest';
import { estimateText, shortEstimate } from './estimate-text.ts';

const UNKNOWN = { startMs: null, endMs: null, unknown: 'nothing was measured' };

describe('an estimate in words', () => {
  it('tells start and end of what waits, and the end of what runs', () => {
    const times = { startMs: 61_000, endMs: 3_600_000, unknown: '' };
    expect(estimateText('pending', times)).toBe('starts in about 1m 1s, ends in about 1h');
    expect(shortEstimate('pending', times)).toBe('in 1m 1s, ends in 1h');
    expect(estimateText('waiting', { ...times, startMs: 0 })).toBe('can start now, ends in about 1h');
    expect(shortEstimate('waiting', { ...times, startMs: 0 })).toBe('now, ends in 1h');
    expect([estimateText('running', times), shortEstimate('leased', times)]).toEqual(['ends in about 1h', 'ends in 1h']);
  });

  it('says what is unknown, and why where there is room', () => {
    expect(estimateText('pending', UNKNOWN)).toBe('when it starts is unknown: nothing was measured');
    expect(estimateText('pending', { ...UNKNOWN, startMs: 0 })).toBe('can start now; when it ends is unknown: nothing was measured');
    expect(estimateText('running', UNKNOWN)).toBe('when it ends is unknown: nothing was measured');
    expect([shortEstimate('pending', UNKNOWN), shortEstimate('running', UNKNOWN)]).toEqual(['unknown', 'unknown']);
    expect(shortEstimate('pending', { ...UNKNOWN, startMs: 0 })).toBe('now');
  });
});
