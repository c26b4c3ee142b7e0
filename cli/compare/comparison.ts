import type { ComparisonVerdict } from '../../domain/compare-cells.ts';
import type { Tier } from '../../domain/names.ts';
import type { Estimate, LaunchReport, Placement } from '../../domain/report.ts';
import type { LaunchResult } from '../../engine/benchmark/run-launch.ts';
import { EXIT, type ExitCode } from '../exit-code.ts';

/** One side of a comparison on this machine. */
export interface SideResult {
  readonly model: string;
  /** Whether an emulator or a software adapter ran it. */
  readonly emulated: boolean;
  readonly session: LaunchResult['session'];
  readonly runtime: LaunchResult['runtime'];
  readonly p50Ms: Estimate;
  readonly launches: readonly LaunchReport[];
  readonly placement: Placement;
}

/** Two variants on one machine, measured by launches that alternated. */
export interface Comparison {
  readonly schemaVersion: 1;
  readonly paired: true;
  readonly tier: Tier;
  readonly pairs: number;
  readonly a: SideResult;
  readonly b: SideResult;
  /** Latency of `b` over that of `a`: 1.08 is 8 % slower. */
  readonly ratio: Estimate;
  /** Least change that counts, as a share. */
  readonly margin: number;
  readonly verdict: ComparisonVerdict;
  /** Why the ratio has no verdict whatever it is; empty when it has one. */
  readonly incomparable: readonly string[];
  /** What to keep in mind: a side that fell back, a machine that changed its speed. */
  readonly warnings: readonly string[];
}

/** Slower is a regression. */
export const VERDICT_EXIT: Readonly<Record<ComparisonVerdict, ExitCode>> = {
  same: EXIT.ok,
  faster: EXIT.ok,
  slower: EXIT.regression,
  inconclusive: EXIT.inconclusive,
};
