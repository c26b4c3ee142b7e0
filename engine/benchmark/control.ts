import { z } from 'zod';
import type { ControlReport } from '../../domain/report.ts';
import { latencyRatio, launchInterval, variance } from '../../domain/statistics.ts';
import type { Model } from '../graph/model.ts';
import { matMulStack } from './control-model.ts';
import type { LaunchPlan } from './tiers.ts';

/** Launches of one run of the control recipe. */
export const CONTROL_LAUNCHES = 5;

/** What a launch of the control recipe does: its model takes milliseconds, and it must not keep a device from its work. */
export const CONTROL_PLAN: LaunchPlan = {
  warmup: { minRuns: 10, minMs: 250, maxMs: 2_000 },
  measure: { minRuns: 64, minMs: 500, maxMs: 4_000 },
};

/** A run counts as of today for so long. */
const MAX_AGE_MS = 24 * 60 * 60_000;
/** Runs that are kept: a month of days. */
const MAX_RUNS = 30;

/** What a device keeps of its control recipe on one provider. */
export const controlRecordSchema = z.strictObject({
  schemaVersion: z.literal(1),
  /** Runs of another environment say nothing of this one. */
  environmentId: z.string(),
  runs: z
    .array(z.strictObject({ measuredAt: z.number().min(0), launchMediansMs: z.array(z.number().positive()).min(2).max(64) }))
    .max(MAX_RUNS),
});
export type ControlRecord = z.infer<typeof controlRecordSchema>;
type ControlRun = ControlRecord['runs'][number];

/** The fixed model: a stack of eight products, float32, the same everywhere and always. */
export function controlModel(): Model {
  return matMulStack({ depth: 8, rows: 128, width: 512 });
}

/** Whether the control recipe is to be measured again: daily, and after a change of the environment. */
export function isControlDue(record: ControlRecord | undefined, now: { readonly environmentId: string; readonly at: number }): boolean {
  const latest = record?.environmentId === now.environmentId ? record.runs.at(-1) : undefined;
  return latest === undefined || now.at - latest.measuredAt >= MAX_AGE_MS || now.at < latest.measuredAt;
}

/** The record with one more run; runs of another environment are forgotten. */
export function withRun(record: ControlRecord | undefined, environmentId: string, run: ControlRun): ControlRecord {
  const known = record?.environmentId === environmentId ? record.runs : [];
  const [first, ...rest] = [...known, run];
  // The first one stays: drift is told against it.
  return { schemaVersion: 1, environmentId, runs: first === undefined ? [run] : [first, ...rest.slice(-(MAX_RUNS - 1))] };
}

/** What a report says of the control recipe; null before its first run in this environment. */
export function controlReport(record: ControlRecord | undefined, environmentId: string): ControlReport | null {
  if (record?.environmentId !== environmentId) return null;
  const [first] = record.runs;
  const latest = record.runs.at(-1);
  if (first === undefined || latest === undefined) return null;
  return {
    measuredAt: latest.measuredAt,
    p50Ms: launchInterval(latest.launchMediansMs),
    runs: record.runs.length,
    drift: first === latest ? null : latencyRatio({ launchMedians: latest.launchMediansMs }, { launchMedians: first.launchMediansMs }),
    pool: pooledVariance(record.runs),
  };
}

/** Each run has a level of its own; what they share is how launches scatter about it. */
function pooledVariance(runs: readonly ControlRun[]): ControlReport['pool'] {
  const degreesOfFreedom = runs.reduce((sum, { launchMediansMs }) => sum + launchMediansMs.length - 1, 0);
  const squares = runs.reduce(
    (sum, { launchMediansMs }) => sum + variance(launchMediansMs.map(Math.log)) * (launchMediansMs.length - 1),
    0,
  );
  return { variance: squares / degreesOfFreedom, degreesOfFreedom };
}
