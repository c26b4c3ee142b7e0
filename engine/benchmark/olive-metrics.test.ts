import { describe, expect, it } from 'vitest';
import { scriptedSession } from './fake-session.cases.ts';
import { measureOliveMetrics, type OliveMetric, oliveValue } from './olive-metrics.ts';

const latency: OliveMetric = {
  name: 'latency',
  type: 'latency',
  subTypes: ['avg', 'max', 'min', 'p90'],
  warmupCount: 10,
  repeatCount: 20,
  sleepMs: 0,
  batchSize: 1,
};

describe('measureOliveMetrics', () => {
  it('drops the warm-up, keeps the repeats and measures throughput in a run of its own', async () => {
    const session = scriptedSession((run) => (run < 10 ? 1000 : run < 30 ? run - 9 : 4));
    const throughput: OliveMetric = { ...latency, name: 'throughput', type: 'throughput', subTypes: ['avg'], batchSize: 2 };
    expect(await measureOliveMetrics(session, {}, [latency, throughput])).toEqual({
      'latency-avg': { value: 10.5, unit: 'ms' },
      'latency-max': { value: 20, unit: 'ms' },
      'latency-min': { value: 1, unit: 'ms' },
      'latency-p90': { value: 18.1, unit: 'ms' },
      'throughput-avg': { value: 500, unit: 'inferences/s' },
    });
  });

  it('runs one at a time when it has to pause between runs', async () => {
    const session = scriptedSession((run) => run);
    const paused: OliveMetric = { ...latency, subTypes: ['min'], warmupCount: 2, repeatCount: 3, sleepMs: 1 };
    expect(await measureOliveMetrics(session, {}, [paused])).toEqual({ 'latency-min': { value: 2, unit: 'ms' } });
    expect(session.windows).toHaveLength(5);
  });
});

describe('oliveValue', () => {
  const samples = [4, 5, 8];

  it('takes throughput from the opposite extreme, and from the same statistic otherwise', () => {
    const throughput = { type: 'throughput', batchSize: 1 } as const;
    expect(oliveValue(throughput, 'max', samples).value).toBe(250);
    expect(oliveValue(throughput, 'min', samples).value).toBe(125);
    expect(oliveValue(throughput, 'p50', samples).value).toBe(200);
    expect(oliveValue(throughput, 'avg', samples).value).toBe(176.47048);
  });

  it('rounds to five decimals', () => {
    expect(oliveValue({ type: 'latency', batchSize: 1 }, 'avg', samples).value).toBe(5.66667);
  });
});
