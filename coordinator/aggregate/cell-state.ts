import type { Badge, CellState } from '../../domain/cell-state.ts';
import { driftReasons } from '../../domain/drift.ts';
import { judgedSimilarity } from '../../domain/judged-similarity.ts';
import type { Comparison } from '../../domain/matrix.ts';
import { formatCosine } from '../../domain/matrix-text.ts';
import type { BenchmarkReport } from '../../domain/report.ts';
import { launchesNeeded } from '../../domain/statistics.ts';
import { isEnd } from '../../domain/task-state.ts';
import type { BenchmarkView } from './benchmark-view.ts';

/** A state with its reason: empty when ok. */
export interface Judgement {
  readonly state: CellState;
  readonly reason: string;
}

/** Endings that say "nobody can convert or run this" rather than "this went wrong". */
const UNSUPPORTED: ReadonlySet<string> = new Set([
  'unsupported-pass',
  'unsupported-input',
  'unsupported-data',
  'user-script-refused',
  'ep-bound-artifact',
  'ep-unavailable',
  'no-ep-context',
]);

/** Smallest change that counts: the interval a measurement aims for is 2 % wide, so less is not told apart. */
const NOTABLE_RATIO = 1.02;
/** The interval a measurement aims for. */
const AIMED_HALF_WIDTH = 0.02;

/** The state of a benchmark task with no number; undefined for a cancelled one, which leaves no cell. */
export function judgeUnmeasured({ task, error, endedAs }: BenchmarkView): Judgement | undefined {
  if (task.state === 'cancelled') return undefined;
  if (!isEnd(task.state)) return judgeOpen(task.state, task.error?.message);
  const reason = error?.message ?? `ended as ${task.state}`;
  if (error !== null && UNSUPPORTED.has(error.code)) return { state: 'unsupported', reason };
  return { state: endedAs === 'exception' ? 'exception' : 'failed', reason };
}

function judgeOpen(state: string, lastError: string | undefined): Judgement {
  if (state === 'running' || state === 'leased') return { state: 'running', reason: 'being measured' };
  const reason = state === 'waiting' ? 'waits for its conversion' : 'queued';
  return { state: 'waiting', reason: lastError === undefined ? reason : `${reason} again: ${lastError}` };
}

/** The state of a measured result by itself; the first rule that applies wins, so a wrong or unproven number is never called slow or fast. */
export function judgeMeasured(report: BenchmarkReport): Judgement {
  const { placement, quality, verdict } = report;
  if (placement.fellBack) return { state: 'fell-back', reason: fellBackReason(report) };
  if (quality.state === 'measured' && !quality.passed) {
    const { min, isDefault } = quality.bound;
    const { name, value } = judgedSimilarity(quality);
    return { state: 'quality', reason: `${name} ${formatCosine(value)} is below ${min}${isDefault ? ' (default bound)' : ''}` };
  }
  if (verdict === 'insufficient') return { state: 'insufficient', reason: `${report.launches.length} launches give no interval` };
  if (verdict === 'noisy') return { state: 'noisy', reason: [noisyReason(report), ...driftReasons(report)].join('; ') };
  return { state: 'ok', reason: '' };
}

function noisyReason({ launches }: BenchmarkReport): string {
  const reason = 'the interval stayed wider than 2 % within the budget';
  if (launches.length < 2) return reason;
  const medians = launches.map(({ p50Ms }) => p50Ms);
  const more = launchesNeeded(medians, AIMED_HALF_WIDTH) - launches.length;
  return more > 0 ? `${reason}, needs about +${more} launches` : reason;
}

function fellBackReason({ placement, executedEp }: BenchmarkReport): string {
  const example = placement.elsewhere[0] === undefined ? '' : `, first ${placement.elsewhere[0]}`;
  return `${placement.heavyNodesElsewhere} of ${placement.heavyNodes} heavy nodes ran off ${executedEp}${example}`;
}

/**
 * What a comparison makes of a result that is `ok` by itself.
 *
 * @param threshold the p-value from which on a change counts, over all comparisons of the matrix.
 */
export function judgeChange({ ratio, pValue, against }: Comparison, threshold: number): Judgement | undefined {
  if (pValue === null || pValue > threshold) return undefined;
  const change = `${ratio.value.toFixed(3)}x ${against === 'baseline' ? 'its baseline' : 'its previous result'}`;
  if (ratio.value > NOTABLE_RATIO) return { state: 'regressed', reason: `slower: ${change}` };
  if (ratio.value < 1 / NOTABLE_RATIO) return { state: 'improved', reason: `faster: ${change}` };
  return undefined;
}

/** What else is to know of a cell. */
export interface BadgeFacts {
  readonly report: BenchmarkReport | null;
  readonly substituted: boolean;
  readonly synthetic: boolean;
  readonly emulated: boolean;
  readonly localData: boolean;
  /** The device's environment today; null when the device is not known any more. */
  readonly environmentId: string | null;
}

export function badgesOf({ report, substituted, synthetic, emulated, localData, environmentId }: BadgeFacts): Badge[] {
  const stale = report !== null && environmentId !== null && report.environmentId !== environmentId;
  const facts: readonly (readonly [Badge, boolean])[] = [
    ['partial', report?.placement.partial ?? false],
    ['stale', stale],
    ['substituted', substituted],
    ['synthetic', synthetic],
    ['emulated', emulated],
    ['local-data', localData],
    ['drift', report !== null && driftReasons(report).length > 0],
    ['disturbed', (report?.deviceStates?.warnings.length ?? 0) > 0],
  ];
  return facts.filter(([, holds]) => holds).map(([badge]) => badge);
}

/** Worst first: what a cell of several units is called. */
const WORST_FIRST: readonly CellState[] = [
  'failed',
  'exception',
  'fell-back',
  'quality',
  'unsupported',
  'regressed',
  'insufficient',
  'noisy',
  'improved',
  'ok',
  'running',
  'waiting',
  'missing',
];

/** Position among states, 0 = worst. */
export function badness(state: CellState): number {
  return WORST_FIRST.indexOf(state);
}
