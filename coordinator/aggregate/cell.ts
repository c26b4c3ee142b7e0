import type { Badge } from '../../domain/cell-state.ts';
import type { CellCuration } from '../../domain/curation.ts';
import type { Sha256 } from '../../domain/json.ts';
import { type Cell, type CellKey, cellId } from '../../domain/matrix.ts';
import type { BenchmarkReport, Estimate } from '../../domain/report.ts';
import { median } from '../../domain/statistics.ts';
import { badness } from './cell-state.ts';
import { reproduceCommand } from './reproduce.ts';
import type { UnitResult } from './unit-result.ts';

const MAX_REASON_CHARS = 2_000;

/** What a cell is made with beside its results. */
export interface CellContext {
  readonly sha256: Sha256;
  /** By cell id. */
  readonly curations: ReadonlyMap<string, CellCuration>;
}

/** Folds the latest results of a cell's units, at least one. The worst unit names the state, the newest one the provenance. */
export function foldCell(key: CellKey, results: readonly [UnitResult, ...UnitResult[]], { sha256, curations }: CellContext): Cell {
  const worst = results.reduce((a, b) => (badness(b.state) < badness(a.state) ? b : a));
  const newest = results.reduce((a, b) => (b.view.at > a.view.at ? b : a));
  const shown = newest.view.report === null && worst.view.report !== null ? worst : newest;
  const { report } = shown.view;
  const id = cellId(key, sha256);
  const curation = curations.get(id) ?? null;
  return {
    id,
    key,
    state: worst.state,
    badges: [...uniqueBadges(results), ...(curation?.acknowledged?.state === worst.state ? (['acknowledged'] as const) : [])],
    reason: (results.length > 1 && worst.reason !== '' ? `${worst.unit ?? ''}: ${worst.reason}` : worst.reason).slice(0, MAX_REASON_CHARS),
    code: worst.view.error?.code ?? null,
    p50Ms: rollUp(results),
    throughputPerSecond: report?.throughputPerSecond ?? null,
    launches: report?.launches.length ?? 0,
    samplesPerLaunch: report === null ? 0 : Math.min(...report.launches.map(({ sampleCount }) => sampleCount)),
    epTimeShare: report === null ? null : epTimeShareOf(report),
    quality: report?.quality ?? null,
    olive: report?.olive ?? {},
    evaluator: report?.evaluator ?? [],
    ratioToPrevious: shown.ratioToPrevious,
    provenance: provenanceOf(shown),
    curation,
    reproduce: reproduceCommand(shown.view, shown.unit),
    unitStates: results.length === 1 ? [] : results.map(unitState),
    units: [...new Set(results.flatMap(({ unit }) => (unit === null ? [] : [unit])))].sort(),
  };
}

function unitState({ unit, state, badges, view }: UnitResult): Cell['unitStates'][number] {
  return { unit, state, badges: [...badges], taskId: view.task.taskId, p50Ms: view.report?.p50Ms ?? null };
}

/** One unit's own interval; of several units the median of their medians with the smallest and the largest. */
function rollUp(results: readonly UnitResult[]): Estimate | null {
  const estimates = results.flatMap(({ view }) => (view.report === null ? [] : [view.report.p50Ms]));
  const [only] = estimates;
  if (only === undefined || estimates.length === 1) return only ?? null;
  const values = estimates.map(({ value }) => value);
  return { value: median(values), low: Math.min(...values), high: Math.max(...values) };
}

function epTimeShareOf({ placement, executedEp }: BenchmarkReport): number | null {
  if (Object.keys(placement.byEp).length === 0) return null;
  return placement.byEp[executedEp]?.timeShare ?? 0;
}

function uniqueBadges(results: readonly UnitResult[]): Badge[] {
  return [...new Set(results.flatMap(({ badges }) => badges))];
}

function provenanceOf({ view, unit, sku }: UnitResult): Cell['provenance'] {
  const { task, spec, attempt, report } = view;
  return {
    jobId: task.jobIds[0] ?? '',
    taskId: task.taskId,
    attempt: attempt?.attempt ?? null,
    agentId: attempt?.agentId ?? null,
    deviceName: attempt?.deviceName ?? unit,
    sku,
    recipeDigest: spec.recipe.digest,
    conversionKey: spec.conversionKey,
    environmentId: report?.environmentId ?? null,
    ortVersion: report?.runtime.ortVersion ?? null,
    measuredAt: report === null ? null : task.endedAt,
  };
}
