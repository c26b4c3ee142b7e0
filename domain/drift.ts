import type { BenchmarkReport, LaunchReport } from './report.ts';

/** A machine whose fixed kernel changes by more than this is not the machine it was: 10 %. */
const MAX_NOISE_DRIFT = 0.1;
/** The control recipe moved when its interval leaves 1 out and it moved by more than this: 5 %. */
const MAX_CONTROL_DRIFT = 0.05;

/** What tells of it. */
export interface DriftFacts extends Pick<BenchmarkReport, 'control'> {
  readonly launches: readonly LaunchReport[];
}

/** Why the machine was not as fast all the time, or is not as fast as it was; empty when nothing says so. Labels a result, never ends it. */
export function driftReasons({ launches, control }: DriftFacts): readonly string[] {
  const probes = launches.flatMap(({ noise }) => (noise === undefined ? [] : [noise.beforeMs, noise.afterMs]));
  const noise = probes.length === 0 ? 0 : Math.max(...probes) / Math.min(...probes) - 1;
  const reasons: string[] = [];
  if (noise > MAX_NOISE_DRIFT) reasons.push(`the noise probe varied by ${percent(noise)} while it was measured`);
  const drift = control?.drift;
  if (drift != null && isDrift(drift)) reasons.push(`the control recipe takes ${drift.value.toFixed(3)}x what it took at first`);
  return reasons;
}

function isDrift({ value, low, high }: NonNullable<NonNullable<BenchmarkReport['control']>['drift']>): boolean {
  return Math.abs(value - 1) > MAX_CONTROL_DRIFT && ((low !== null && low > 1) || (high !== null && high < 1));
}

function percent(share: number): string {
  return `${(100 * share).toFixed(0)} %`;
}
