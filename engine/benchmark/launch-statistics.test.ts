import { describe, expect, it } from 'vitest';
import { MIN_SAMPLES_FOR_P99, sampleStatistics } from './launch-statistics.ts';

describe('sampleStatistics', () => {
  it('keeps every sample, outliers too, and leaves their order alone', () => {
    const samples = Float64Array.of(3, 1, 2, 1000);
    expect(sampleStatistics(samples)).toEqual({
      sampleCount: 4,
      p50Ms: 2.5,
      meanMs: 251.5,
      minMs: 1,
      maxMs: 1000,
      p90Ms: expect.closeTo(700.9, 9),
      p99Ms: null,
    });
    expect([...samples]).toEqual([3, 1, 2, 1000]);
  });

  it('gives a p99 only with enough samples', () => {
    expect(sampleStatistics(new Float64Array(MIN_SAMPLES_FOR_P99 - 1).fill(1)).p99Ms).toBeNull();
    expect(sampleStatistics(new Float64Array(MIN_SAMPLES_FOR_P99).fill(1)).p99Ms).toBe(1);
  });
});
