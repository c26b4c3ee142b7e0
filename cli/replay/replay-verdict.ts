import { type ComparisonVerdict, judgeRatio } from '../../domain/compare-cells.ts';
import type { BenchmarkReport, Estimate, Quality } from '../../domain/report.ts';
import { compareLatency } from '../../domain/statistics.ts';
import { VERDICT_EXIT } from '../compare/comparison.ts';
import { EXIT, type ExitCode } from '../exit-code.ts';

/** Something that is another here than where the result was measured. */
export interface Difference {
  readonly what: string;
  readonly recorded: string;
  readonly here: string;
}

/**
 * `equal`: every figure is the same to six digits. `agrees`: figures differ, and both are on the same side of the bound. `differs`: one is good and the other is not.
 */
export interface QualityAgreement {
  readonly state: 'equal' | 'agrees' | 'differs' | 'not-compared';
  readonly recorded: Quality;
  readonly here: Quality;
}

/** What a replay found; `unsupported` where this machine cannot run it. */
export type Replay = ReplayedResult | UnsupportedReplay;

export interface UnsupportedReplay {
  readonly schemaVersion: 1;
  readonly state: 'unsupported';
  readonly taskId: string;
  readonly why: string;
  readonly differences: readonly Difference[];
}

export interface ReplayedResult {
  readonly schemaVersion: 1;
  readonly state: 'replayed';
  readonly taskId: string;
  readonly recorded: MeasuredNumber;
  readonly here: MeasuredNumber;
  /** Latency here over the recorded one: 1.08 is 8 % slower. Measured at different times: nothing cancels. */
  readonly ratio: Estimate;
  readonly margin: number;
  readonly verdict: ComparisonVerdict;
  /** Why the ratio has no verdict whatever it is; empty when it has one. */
  readonly incomparable: readonly string[];
  /** Empty: as far as Grove can tell, the same environment. */
  readonly differences: readonly Difference[];
  readonly quality: QualityAgreement;
}

/** One side of a replay. */
export interface MeasuredNumber extends Pick<BenchmarkReport, 'tier' | 'p50Ms' | 'launches' | 'placement' | 'inputShapes'> {
  readonly ep: string;
  readonly emulated: boolean;
}

type Ratio = Pick<ReplayedResult, 'ratio' | 'verdict' | 'incomparable' | 'margin'>;

/** The ratio by Welch's interval on the logarithms of launch medians, as the matrix compares results. */
export function judgeReplay(here: MeasuredNumber, recorded: MeasuredNumber & Pick<BenchmarkReport, 'control'>, margin: number): Ratio {
  const medians = ({ launches }: MeasuredNumber) => launches.map(({ p50Ms }) => p50Ms);
  const pool = recorded.control == null ? {} : { pool: recorded.control.pool };
  const { ratio } = compareLatency({ launchMedians: medians(here) }, { launchMedians: medians(recorded), ...pool });
  const incomparable = [
    ...(here.emulated ? ['it is emulated here'] : []),
    ...(recorded.emulated ? ['it was emulated where it was recorded'] : []),
    ...(here.tier === recorded.tier ? [] : ['the tiers differ']),
    ...(shapesText(here) === shapesText(recorded) ? [] : ['the input shapes differ']),
    ...(here.placement.fellBack === recorded.placement.fellBack ? [] : ['one of them fell back to another execution provider']),
  ];
  return { ratio, margin, incomparable, verdict: incomparable.length > 0 ? 'inconclusive' : judgeRatio(ratio, margin) };
}

function shapesText({ inputShapes }: MeasuredNumber): string {
  return JSON.stringify(Object.entries(inputShapes).sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** Whether the outputs here are as good as they were. */
export function compareQuality(recorded: Quality, here: Quality): QualityAgreement {
  const sides = { recorded, here };
  if (recorded.state !== 'measured' || here.state !== 'measured') return { state: 'not-compared', ...sides };
  if (recorded.passed !== here.passed) return { state: 'differs', ...sides };
  const figures = ['cosineMean', 'cosineMin', 'cosinePooled', 'sqnrDb', 'maxAbsDifference', 'rows'] as const;
  return { state: figures.every((name) => isSame(recorded[name], here[name])) ? 'equal' : 'agrees', ...sides };
}

function isSame(a: number | null, b: number | null): boolean {
  return a === null || b === null ? a === b : Math.abs(a - b) <= 1e-6 * Math.max(1, Math.abs(a), Math.abs(b));
}

/** Facts of one side, in words; null where nobody knows. */
export type Facts = Readonly<Record<string, string | null>>;

/** What is known on both sides and another. */
export function differencesOf(recorded: Facts, here: Facts): Difference[] {
  return Object.entries(recorded).flatMap(([what, was]) => {
    const is = here[what] ?? null;
    return was === null || is === null || was === is ? [] : [{ what, recorded: was, here: is }];
  });
}

/**
 * Unsupported here: 5. Another verdict on the outputs: 3. In the same environment the latency counts as that of two compared cells does; elsewhere a ratio is a fact
 * about two machines, and no failure.
 */
export function exitCodeOfReplay(replay: Replay): ExitCode {
  if (replay.state === 'unsupported') return EXIT.unsatisfiable;
  if (replay.quality.state === 'differs') return EXIT.regression;
  return replay.differences.length === 0 ? VERDICT_EXIT[replay.verdict] : EXIT.ok;
}
