import type { Machine } from '../machine.ts';
import type { LatencyRatio } from './latency.ts';
import type { RankResult, SimilarityResult } from './output-quality.ts';
import type { CalibrationResult } from './same-runtime.ts';
import type { SpeedResult } from './speed.ts';
import type { StructureResult } from './structure.ts';
import type { Subject } from './subjects.ts';

/** Everything one parity run found. */
export interface ParityResult {
  /** Day of the run, `2026-11-25`. */
  readonly day: string;
  readonly machine: Machine;
  /** Versions of the reference stack and of Grove's runtime. */
  readonly versions: Readonly<Record<string, string>>;
  /** Whether Olive's results and times are those of an earlier run. */
  readonly reused: boolean;
  readonly failures: readonly Failure[];
  readonly structures: readonly StructureResult[];
  /** Both quantizers on one graph with one set of ranges. */
  readonly sameRanges: readonly StructureResult[];
  /** Both calibrations on one graph and one version of ONNX Runtime. */
  readonly calibrations: readonly CalibrationResult[];
  readonly similarities: readonly SimilarityResult[];
  readonly rankings: readonly RankResult[];
  readonly latencies: readonly LatencyResult[];
  readonly speeds: readonly SpeedResult[];
}

/** A subject that Grove did not convert. */
export interface Failure {
  readonly subject: Subject;
  readonly problem: string;
}

export interface LatencyResult {
  readonly subject: Subject;
  /** Olive's result against itself: what the method cannot tell apart. */
  readonly isControl: boolean;
  readonly ratio: LatencyRatio;
}
