import { availableParallelism } from 'node:os';
import { GroveError } from '../../domain/errors.ts';
import type { ConcurrentThroughput } from '../../domain/report.ts';
import { launchBudget } from '../../engine/benchmark/next-launch.ts';
import { streamsFor, type ThroughputRequest, throughputResultSchema } from '../../engine/benchmark/run-throughput-launch.ts';
import { launchPlan } from '../../engine/benchmark/tiers.ts';
import { asJson } from '../runner/as-json.ts';
import type { TaskContext } from '../runner/stage.ts';
import type { BenchmarkSession } from './benchmark-values.ts';
import { inputsOf } from './inputs-of.ts';

/**
 * Measures what the device sustains with several requests in flight, in a launch behind the measured ones. Not for the smoke tier, which has a minute, nor for
 * emulators. A provider that cannot run several at a time costs the figure, never the benchmark. Throws the signal's reason.
 */
export async function measureThroughput(value: BenchmarkSession, context: TaskContext): Promise<ConcurrentThroughput | undefined> {
  const { tier } = value.spec;
  if (tier === 'smoke' || context.device.profile.emulated) return undefined;
  const plan = launchPlan(tier, launchBudget({ tier, launchMediansMs: [], elapsedMs: 0 }));
  const streams = streamsFor(availableParallelism());
  const request: ThroughputRequest = { session: value.session, inputs: inputsOf(value), streams, plan };
  try {
    const timeoutMs = context.config.timeoutMs.measure;
    return await context.inChild({ stage: 'throughput', request: asJson(request), result: throughputResultSchema, timeoutMs });
  } catch (error) {
    context.signal.throwIfAborted();
    if (!(error instanceof GroveError)) throw error;
    context.log(`Throughput was not measured: ${error.message}`);
    return undefined;
  }
}
