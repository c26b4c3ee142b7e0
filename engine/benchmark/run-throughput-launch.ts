import { z } from 'zod';
import { type ConcurrentThroughput, concurrentThroughputSchema } from '../../domain/report.ts';
import type { InferenceRuntime } from '../runtime/inference-runtime.ts';
import { inputsSpecSchema, measurementFeeds, rowsPerRun } from './inputs.ts';
import { openSession, sessionSpecSchema } from './session-spec.ts';
import { launchPlanSchema } from './tiers.ts';
import { warmUp } from './warm-up.ts';

/** Most requests in flight: more only wait for one another on a device of one model. */
const MAX_STREAMS = 4;

/** What the launch that measures throughput is asked. */
export const throughputRequestSchema = z.strictObject({
  session: sessionSpecSchema,
  inputs: inputsSpecSchema,
  streams: z.int().min(1).max(MAX_STREAMS),
  plan: launchPlanSchema,
});
export type ThroughputRequest = z.infer<typeof throughputRequestSchema>;

/** What it found. */
export const throughputResultSchema = concurrentThroughputSchema;

/** Requests in flight on a machine of so many processors: a process has a thread for each. */
export function streamsFor(processors: number): number {
  return Math.max(1, Math.min(MAX_STREAMS, processors));
}

/**
 * A launch of its own, because several requests in flight disturb one another: warm-up, then as many inferences as complete with so many in flight. Its figure is no
 * latency and gives none. Throws what opening and running a session throws.
 */
export async function runThroughputLaunch(request: ThroughputRequest, runtime: InferenceRuntime): Promise<ConcurrentThroughput> {
  const session = await openSession(runtime, request.session);
  try {
    const feeds = await measurementFeeds(request.inputs, session, request.session.ep);
    await warmUp(session, feeds, request.plan.warmup);
    const { streams, runs, durationMs } = await session.countRuns(feeds, { streams: request.streams, window: request.plan.measure });
    return { streams, runs, durationMs, perSecond: (rowsPerRun(feeds) * runs * 1_000) / durationMs };
  } finally {
    await session.close();
  }
}
