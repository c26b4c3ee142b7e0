import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import type { BenchmarkReport } from '../../domain/report.ts';
import { mean, quantile } from '../../domain/statistics.ts';
import type { Session } from '../runtime/inference-runtime.ts';
import type { NamedTensors } from '../runtime/tensor.ts';

/** Longest one Olive metric may run: its counts come from the recipe. */
const MAX_METRIC_MS = 600_000;

/** Olive's statistics of latency samples; the numbers are quantiles. */
const STATISTICS = {
  avg: mean,
  min: p(0),
  max: p(1),
  p50: p(0.5),
  p75: p(0.75),
  p90: p(0.9),
  p95: p(0.95),
  p99: p(0.99),
  p999: p(0.999),
} as const;

const subTypeSchema = z.enum(['avg', 'min', 'max', 'p50', 'p75', 'p90', 'p95', 'p99', 'p999']);
type SubType = z.infer<typeof subTypeSchema>;

/** One latency or throughput metric of a recipe's evaluator. */
export const oliveMetricSchema = z.strictObject({
  /** The metric's name in the recipe. */
  name: z.string().min(1).max(50),
  type: z.enum(['latency', 'throughput']),
  subTypes: z.array(subTypeSchema).min(1),
  /** Runs that are not counted; Olive's default is 10. */
  warmupCount: z.int().min(0).max(100_000),
  /** Runs that are; Olive's default is 20. */
  repeatCount: z.int().min(1).max(100_000),
  /** Pause after every run, outside the timed region. */
  sleepMs: z.number().min(0).max(60_000),
  /** Rows of one run, which throughput multiplies with. */
  batchSize: z.int().min(1),
});
export type OliveMetric = z.infer<typeof oliveMetricSchema>;

/**
 * Latency and throughput exactly as Olive measures them: each metric is a timing run of its own over the same feeds, the first `warmupCount` samples
 * dropped. Throughput uses the latency of the opposite extreme for `min` and `max` and the same statistic otherwise, so its `p90` is the rate at the
 * p90 latency. Values are rounded to five decimals, as Olive prints them. Keys are `<metric name>-<sub-type>`.
 */
export async function measureOliveMetrics(
  session: Session,
  feeds: NamedTensors,
  metrics: readonly OliveMetric[],
): Promise<BenchmarkReport['olive']> {
  const results: BenchmarkReport['olive'] = {};
  for (const metric of metrics) {
    const samplesMs = await timeLikeOlive(session, feeds, metric);
    for (const subType of metric.subTypes) results[`${metric.name}-${subType}`] = oliveValue(metric, subType, samplesMs);
  }
  return results;
}

/** The value of one sub-metric from its samples in milliseconds. */
export function oliveValue(
  metric: Pick<OliveMetric, 'type' | 'batchSize'>,
  subType: SubType,
  samplesMs: ArrayLike<number>,
): BenchmarkReport['olive'][string] {
  if (metric.type === 'latency') return { value: round(STATISTICS[subType](samplesMs)), unit: 'ms' };
  const latencyMs = round(STATISTICS[opposite(subType)](samplesMs));
  return { value: round((metric.batchSize / latencyMs) * 1000), unit: 'inferences/s' };
}

async function timeLikeOlive(session: Session, feeds: NamedTensors, metric: OliveMetric): Promise<Float64Array> {
  const runs = metric.warmupCount + metric.repeatCount;
  const window = { minMs: 0, maxMs: MAX_METRIC_MS };
  if (metric.sleepMs === 0) return afterWarmup(await session.timeRuns(feeds, { ...window, minRuns: runs }), metric.warmupCount);
  const samples = new Float64Array(runs);
  for (let run = 0; run < runs; run++) {
    samples.set(await session.timeRuns(feeds, { ...window, maxMs: 0, minRuns: 1 }), run);
    await sleep(metric.sleepMs);
  }
  return afterWarmup(samples, metric.warmupCount);
}

/** At least the last sample, should the time have run out during warm-up. */
function afterWarmup(samples: Float64Array, warmupCount: number): Float64Array {
  return samples.subarray(Math.min(warmupCount, samples.length - 1));
}

function opposite(subType: SubType): SubType {
  if (subType === 'min') return 'max';
  return subType === 'max' ? 'min' : subType;
}

function p(probability: number): (samples: ArrayLike<number>) => number {
  return (samples) => quantile(samples, probability);
}

function round(value: number): number {
  return Math.round(value * 1e5) / 1e5;
}
