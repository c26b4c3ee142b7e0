import type { Recipe } from '../../domain/recipe/recipe.ts';
import type { BenchmarkReport, CompiledModel, ControlReport, Placement, Quality } from '../../domain/report.ts';
import type { Assignment, BenchmarkSpec } from '../../domain/task.ts';
import type { LaunchResult } from '../../engine/benchmark/run-launch.ts';
import type { SessionSpec } from '../../engine/benchmark/session-spec.ts';
import type { LaunchSummary } from '../../engine/benchmark/summary.ts';
import type { QualityResult } from '../../engine/quality/run-quality.ts';

/** What a benchmark knows after each of its stages: every stage adds to what it was given. */

/** As assigned. */
export interface BenchmarkStart {
  readonly spec: BenchmarkSpec;
  readonly conversion: NonNullable<Assignment['conversion']>;
}

/** After `fetch`: the converted model and its Reference are on this machine. */
export interface BenchmarkFiles extends BenchmarkStart {
  readonly recipe: Recipe;
  readonly modelFolder: string;
  /** Null when the conversion has no Reference. */
  readonly referenceFolder: string | null;
}

/** After `target-passes`: the session this device is measured with. */
export interface BenchmarkSession extends BenchmarkFiles {
  readonly session: SessionSpec;
  /** The same without what the recipe decides: how this machine runs any model on the provider. */
  readonly plainSession: SessionSpec;
  /** What the provider compiled, which `session` loads; null when no pass asked for it. */
  readonly compiled: CompiledModel | null;
}

/** What the launches of a benchmark gave. */
export interface BenchmarkLaunched extends BenchmarkSession {
  readonly launches: readonly LaunchResult[];
  readonly summary: LaunchSummary;
  /** The device's control recipe on this provider; null without one. */
  readonly control: ControlReport | null;
  /** Olive's own metrics, from the first launch. */
  readonly olive: BenchmarkReport['olive'];
  /** Raw samples of every launch. */
  readonly samplesFolder: string;
}

/** After `measure`. */
export interface BenchmarkMeasured extends BenchmarkLaunched {
  readonly deviceStates: NonNullable<BenchmarkReport['deviceStates']>;
}

/** After `profile`. */
export interface BenchmarkProfiled extends BenchmarkMeasured {
  readonly placement: Placement;
  /** The raw profile. */
  readonly profilePath: string;
}

/** Once the outputs are compared with the Reference. */
export interface BenchmarkCompared extends BenchmarkProfiled {
  readonly quality: Quality;
  /** Of the recipe's `accuracy` metrics. */
  readonly accuracy: QualityResult['accuracy'];
}

/** What relative goals start from: Olive's metrics of the export on this device, or why there are none. */
export interface Baseline {
  readonly olive: BenchmarkReport['olive'];
  /** Empty when there are all that a goal asks for. */
  readonly why: string;
  /** Whether the export is float32: another one is no baseline of any metric. */
  readonly isFloat32: boolean;
}

/** After `quality`. */
export interface BenchmarkJudged extends BenchmarkCompared {
  readonly baseline: Baseline;
}
