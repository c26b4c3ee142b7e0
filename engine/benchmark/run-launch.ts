import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { sha256Schema } from '../../domain/names.ts';
import { launchReportSchema, oliveMetricsSchema } from '../../domain/report.ts';
import { peakMemoryBytes } from '../../platform/peak-memory.ts';
import type { InferenceRuntime, Session } from '../runtime/inference-runtime.ts';
import type { NamedTensors } from '../runtime/tensor.ts';
import { inputsSpecSchema, measurementFeeds, rowsPerRun, shapesOf } from './inputs.ts';
import { sampleStatistics } from './launch-statistics.ts';
import { probeNoise } from './noise-probe.ts';
import { measureOliveMetrics, oliveMetricSchema } from './olive-metrics.ts';
import { describeSession, openSession, sessionSpecSchema } from './session-spec.ts';
import { type LaunchPlan, launchPlanSchema } from './tiers.ts';
import { warmUp } from './warm-up.ts';

/** What one fresh process is asked to measure. */
export const launchRequestSchema = z.strictObject({
  /** Number of this launch within its benchmark, from 0. */
  index: z.int().min(0),
  session: sessionSpecSchema,
  inputs: inputsSpecSchema,
  plan: launchPlanSchema,
  /** Olive's own metrics, measured after the window in the same session; usually asked of one launch only. */
  oliveMetrics: z.array(oliveMetricSchema).max(50).default([]),
  /** Existing folder that receives the raw samples. */
  outputFolder: z.string().min(1),
});
export type LaunchRequest = z.infer<typeof launchRequestSchema>;

/** The runtime that measured, as benchmark reports name it. */
const runtimeSchema = z.strictObject({
  adapter: z.string(),
  ortVersion: z.string(),
  ortLibraryDigest: sha256Schema,
  node: z.string(),
});

/** What one launch found. */
export const launchResultSchema = z.strictObject({
  /** `samplesPath` is relative to the request's output folder. */
  report: launchReportSchema,
  runtime: runtimeSchema,
  inputShapes: z.record(z.string(), z.array(z.int().min(0))),
  /** Rows of one inference: multiplies runs per second into inferences per second. */
  rowsPerRun: z.int().min(1),
  session: z.record(z.string(), z.union([z.string(), z.number(), z.boolean(), z.null()])),
  olive: oliveMetricsSchema,
});
export type LaunchResult = z.infer<typeof launchResultSchema>;

/**
 * Everything one fresh process does: session creation, first inference, warm-up, measured window, Olive's metrics, raw samples to disk. Call it once per
 * process, or the creation is not cold and the peak memory not its own. Throws what opening and running a session throws, and `invalid-reference`.
 */
export async function runLaunch(request: LaunchRequest, runtime: InferenceRuntime): Promise<LaunchResult> {
  const info = await runtime.info();
  const beforeMs = probeNoise();
  const created = await timed(() => openSession(runtime, request.session));
  const session = created.value;
  try {
    const feeds = await measurementFeeds(request.inputs, session, request.session.ep);
    const measured = await measure(session, feeds, request.plan);
    const rssPeakBytes = await peakMemoryBytes();
    const noise = { beforeMs, afterMs: probeNoise() };
    const samplesPath = await writeSamples(request, measured.samplesMs);
    const { samplesMs, ...phases } = measured;
    return {
      report: {
        index: request.index,
        createMs: created.durationMs,
        ...phases,
        ...sampleStatistics(samplesMs),
        samplesPath,
        rssPeakBytes,
        noise,
      },
      runtime: { adapter: info.adapter, ortVersion: info.ortVersion, ortLibraryDigest: info.libraryDigest, node: process.version },
      inputShapes: shapesOf(feeds),
      rowsPerRun: rowsPerRun(feeds),
      session: describeSession(request.session),
      olive: await measureOliveMetrics(session, feeds, request.oliveMetrics),
    };
  } finally {
    await session.close();
  }
}

async function measure(session: Session, feeds: NamedTensors, plan: LaunchPlan) {
  const first = await timed(() => session.run(feeds));
  const warmup = await warmUp(session, feeds, plan.warmup);
  const samplesMs = await session.timeRuns(feeds, plan.measure);
  return { firstInferenceMs: first.durationMs, warmup, samplesMs };
}

async function timed<T>(work: () => Promise<T>): Promise<{ readonly value: T; readonly durationMs: number }> {
  const started = performance.now();
  const value = await work();
  return { value, durationMs: performance.now() - started };
}

/** Little-endian float64 milliseconds in the order they were measured. */
async function writeSamples({ index, outputFolder }: LaunchRequest, samplesMs: Float64Array): Promise<string> {
  const name = `launch-${index}.f64`;
  await writeFile(join(outputFolder, name), new Uint8Array(samplesMs.buffer, samplesMs.byteOffset, samplesMs.byteLength));
  return name;
}
