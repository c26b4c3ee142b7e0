import type { Badge, CellState } from '../../domain/cell-state.ts';
import type { CellCuration } from '../../domain/curation.ts';
import type { Cell, CellHistory, CellKey } from '../../domain/matrix.ts';
import { outliers } from '../../domain/outliers.ts';
import type { BenchmarkReport, Estimate } from '../../domain/report.ts';
import { median } from '../../domain/statistics.ts';
import { badness } from './cell-state.ts';
import type { CellDraft } from './fold.ts';
import { reproduceCommand } from './reproduce.ts';
import type { UnitResult } from './unit-result.ts';

const MAX_REASON_CHARS = 2_000;

/** What a cell shows beside its results. */
export interface CellFacts {
  readonly id: string;
  readonly curation: CellCuration | null;
  readonly history: CellHistory;
}

/** The latest results of a cell's units as one cell. The worst unit names the state and the comparison, the newest one the provenance. */
export function foldCell(key: CellKey, judged: CellDraft['results'], { id, curation, history }: CellFacts): Cell {
  const results = withOutliers(judged);
  const worst = worstOf(results);
  const newest = newestOf(results);
  const shown = newest.view.report === null && worst.view.report !== null ? worst : newest;
  const { report } = shown.view;
  return {
    id,
    key,
    state: worst.state,
    badges: [...uniqueBadges(results), ...(isAcknowledged(worst.state, curation, history) ? (['acknowledged'] as const) : [])],
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
    comparison: worst.comparison,
    history,
    provenance: provenanceOf(shown),
    curation,
    reproduce: reproduceCommand(shown.view, shown.unit),
    unitStates: results.length === 1 ? [] : results.map(unitState),
    units: [...new Set(results.flatMap(({ unit }) => (unit === null ? [] : [unit])))].sort(),
  };
}

/** The unit that names a cell's state. */
export function worstOf(results: readonly [UnitResult, ...UnitResult[]]): UnitResult {
  return results.reduce((a, b) => (badness(b.state) < badness(a.state) ? b : a));
}

/** The unit whose result came last. */
export function newestOf(results: readonly [UnitResult, ...UnitResult[]]): UnitResult {
  return results.reduce((a, b) => (b.view.at > a.view.at ? b : a));
}

/** An acknowledged state that went away with a good result and came back is not known any more. */
function isAcknowledged(state: CellState, curation: CellCuration | null, { firstBad, lastGood }: CellHistory): boolean {
  const acknowledged = curation?.acknowledged;
  if (acknowledged == null || acknowledged.state !== state) return false;
  return firstBad === null || lastGood === null || lastGood.at <= acknowledged.at;
}

function withOutliers(results: CellDraft['results']): CellDraft['results'] {
  const measured = results.flatMap(({ view }) => (view.report === null ? [] : [view.report]));
  const flagged = new Set(outliers(measured.map(({ p50Ms }) => p50Ms.value)).flatMap((is, index) => (is ? [measured[index]] : [])));
  if (flagged.size === 0) return results;
  const flag = (result: UnitResult): UnitResult =>
    result.view.report !== null && flagged.has(result.view.report) ? { ...result, badges: [...result.badges, 'outlier'] } : result;
  const [first, ...rest] = results;
  return [flag(first), ...rest.map(flag)];
}

function unitState({ unit, state, badges, view, comparison }: UnitResult): Cell['unitStates'][number] {
  return { unit, state, badges: [...badges], taskId: view.task.taskId, p50Ms: view.report?.p50Ms ?? null, comparison };
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
