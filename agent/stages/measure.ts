import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { launchBudget, nextLaunch } from '../../engine/benchmark/next-launch.ts';
import { type LaunchRequest, type LaunchResult, launchResultSchema } from '../../engine/benchmark/run-launch.ts';
import { summarizeLaunches } from '../../engine/benchmark/summary.ts';
import { EMULATED_PLAN, type LaunchPlan, launchPlan, TIERS } from '../../engine/benchmark/tiers.ts';
import { asJson } from '../runner/as-json.ts';
import type { TaskContext } from '../runner/stage.ts';
import type { BenchmarkLaunched, BenchmarkSession } from './benchmark-values.ts';
import { controlOf } from './control.ts';
import { inputsOf } from './inputs-of.ts';
import { oliveMetricsOf } from './olive-metrics.ts';
import { measureThroughput } from './throughput.ts';

/** Launches fresh processes one after another until the interval of their medians is narrow enough or the tier's budget is spent. */
export async function measure(value: BenchmarkSession, context: TaskContext): Promise<BenchmarkLaunched> {
  const { tier } = value.spec;
  const isEmulated = context.device.profile.emulated;
  const asked = isEmulated ? 1 : value.spec.launches;
  const folder = join(context.folder, 'launches');
  await mkdir(folder);
  const control = await controlOf(value, context);
  const startedMs = context.clock.monotonicMs();
  const results: LaunchResult[] = [];
  const progress = () => ({
    tier,
    elapsedMs: context.clock.monotonicMs() - startedMs,
    launchMediansMs: results.map(({ report }) => report.p50Ms),
    ...(asked !== null && { launches: asked }),
    ...(control !== null && { pool: control.pool }),
  });
  while (nextLaunch(progress()).action === 'launch') {
    const result = await launch(value, context, {
      index: results.length,
      folder,
      plan: isEmulated ? EMULATED_PLAN : launchPlan(tier, launchBudget(progress())),
    });
    results.push(result);
    context.log(`Launch ${results.length}: p50 ${result.report.p50Ms.toFixed(3)} ms over ${result.report.sampleCount} inferences.`);
  }
  const summary = summarizeLaunches(results, progress());
  const concurrent = await measureThroughput(value, context);
  return {
    ...value,
    launches: results,
    control,
    summary: concurrent === undefined ? summary : { ...summary, concurrent },
    olive: results[0]?.olive ?? {},
    samplesFolder: folder,
  };
}

interface LaunchPlace {
  readonly index: number;
  readonly folder: string;
  readonly plan: LaunchPlan;
}

function launch(value: BenchmarkSession, context: TaskContext, { index, folder, plan }: LaunchPlace): Promise<LaunchResult> {
  const { tier, launches } = value.spec;
  const expected = launches ?? TIERS[tier].minLaunches;
  const request: LaunchRequest = {
    index,
    session: value.session,
    inputs: inputsOf(value),
    plan,
    oliveMetrics: index === 0 ? oliveMetricsOf(value.recipe) : [],
    outputFolder: folder,
  };
  context.progress(Math.min(1, index / expected), `launch ${index + 1} of ${index < expected ? expected : 'more'}`);
  return context.inChild({
    stage: 'launch',
    request: asJson(request),
    result: launchResultSchema,
    timeoutMs: context.config.timeoutMs.measure,
  });
}
