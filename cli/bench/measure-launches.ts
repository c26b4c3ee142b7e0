import { asJson } from '../../agent/runner/as-json.ts';
import type { Tier } from '../../domain/names.ts';
import type { Placement } from '../../domain/report.ts';
import type { InputsSpec } from '../../engine/benchmark/inputs.ts';
import { type LaunchProgress, launchBudget, nextLaunch } from '../../engine/benchmark/next-launch.ts';
import { type LaunchResult, launchResultSchema } from '../../engine/benchmark/run-launch.ts';
import { profilingResultSchema } from '../../engine/benchmark/run-profiling-launch.ts';
import type { SessionSpec } from '../../engine/benchmark/session-spec.ts';
import { type LaunchSummary, summarizeLaunches } from '../../engine/benchmark/summary.ts';
import { type LaunchPlan, launchPlan, TIERS } from '../../engine/benchmark/tiers.ts';
import type { LocalChildren } from './children.ts';

/** Inferences of the profiling launch, the first of which is not counted. */
const PROFILED_RUNS = 6;

/** What is measured, and how much. */
export interface MeasureRequest {
  readonly session: SessionSpec;
  readonly inputs: InputsSpec | object;
  readonly tier: Tier;
  /** Absent: the tier's rule. */
  readonly launches?: number;
  /** Of every launch, in place of the tier's. */
  readonly plan?: LaunchPlan;
}

/** What the launches of a model on this machine found. */
export interface Measured {
  readonly results: readonly LaunchResult[];
  readonly summary: LaunchSummary;
  readonly placement: Placement;
}

/** Launches fresh processes on this machine until the interval is narrow enough or the tier's budget is spent, then profiles one more. Throws what they report. */
export async function measureLaunches(
  { session, inputs, tier, launches, plan }: MeasureRequest,
  { children, tell }: { readonly children: LocalChildren; tell(line: string): void },
): Promise<Measured> {
  const timeoutMs = TIERS[tier].budgetMs * 4;
  const started = performance.now();
  const results: LaunchResult[] = [];
  const progress = (): LaunchProgress => ({
    tier,
    elapsedMs: performance.now() - started,
    launchMediansMs: results.map(({ report }) => report.p50Ms),
    ...(launches !== undefined && { launches }),
  });
  while (nextLaunch(progress()).action === 'launch') {
    const request = { index: results.length, session, inputs, plan: plan ?? launchPlan(tier, launchBudget(progress())) };
    const work = { stage: 'launch', request: asJson({ ...request, outputFolder: children.folder }), result: launchResultSchema, timeoutMs };
    const result = await children.run(work);
    results.push(result);
    tell(`launch ${results.length}: p50 ${result.report.p50Ms.toFixed(3)} ms over ${result.report.sampleCount} inferences`);
  }
  const profiling = asJson({ session, inputs, runs: PROFILED_RUNS, outputFolder: children.folder });
  const { placement } = await children.run({ stage: 'profile', request: profiling, result: profilingResultSchema, timeoutMs });
  return { results, summary: summarizeLaunches(results, progress()), placement };
}
