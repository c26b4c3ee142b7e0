import type { Comparison, ProvenanceChange } from '../../domain/matrix.ts';
import type { BenchmarkReport } from '../../domain/report.ts';
import { type CellLaunches, compareLatency, type LogError, pAtMost } from '../../domain/statistics.ts';
import type { BenchmarkView } from './benchmark-view.ts';

/**
 * A unit's latest number against an earlier one of the same cell; null unless both were measured. Whatever lies between them is named, and then nothing
 * is tested.
 */
export function compareResults(latest: BenchmarkView, earlier: BenchmarkView, against: Comparison['against']): Comparison | null {
  if (latest.report === null || earlier.report === null) return null;
  const { ratio, error } = compareLatency(launchesOf(latest.report), launchesOf(earlier.report));
  const changed = changesBetween(latest, earlier);
  return {
    against,
    taskId: earlier.task.taskId,
    measuredAt: earlier.task.endedAt,
    p50Ms: earlier.report.p50Ms,
    ratio,
    error: error === null ? null : { ...error },
    changed,
    pValue: changed.length > 0 || error === null ? null : twoSided(ratio.value, error),
  };
}

function twoSided(ratio: number, error: LogError): number {
  const slower = pAtMost(ratio, error, 1);
  return ratio === 1 ? 1 : Math.min(1, 2 * Math.min(slower, 1 - slower));
}

function changesBetween(a: BenchmarkView, b: BenchmarkView): ProvenanceChange[] {
  const differs: readonly (readonly [ProvenanceChange, boolean])[] = [
    ['recipe', a.spec.recipe.digest !== b.spec.recipe.digest],
    ['conversion', a.spec.conversionKey !== b.spec.conversionKey],
    ['environment', a.report?.environmentId !== b.report?.environmentId],
    ['runtime', runtimeOf(a) !== runtimeOf(b)],
  ];
  return differs.filter(([, differ]) => differ).map(([change]) => change);
}

function runtimeOf({ report }: BenchmarkView): string {
  return report === null ? '' : `${report.runtime.ortLibraryDigest} ${report.runtime.adapter}`;
}

function launchesOf({ launches, control }: BenchmarkReport): CellLaunches {
  return { launchMedians: launches.map(({ p50Ms }) => p50Ms), ...(control != null && { pool: control.pool }) };
}
