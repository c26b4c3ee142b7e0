import type { Tier } from '../../domain/names.ts';
import type { BenchmarkReport } from '../../domain/report.ts';
import { launchInterval, type PooledVariance, relativeHalfWidth } from '../../domain/statistics.ts';
import { type LaunchBudget, TIERS } from './tiers.ts';

/** An interval this narrow on either side is precise enough: 2 %. */
const TARGET_HALF_WIDTH = 0.02;

/** What is known when a launch has just ended, or none has begun. */
export interface LaunchProgress {
  readonly tier: Tier;
  /** p50 of every launch so far, in milliseconds. */
  readonly launchMediansMs: readonly number[];
  /** Wall time since the first launch began. */
  readonly elapsedMs: number;
  /** A fixed number of launches asked for by the submitter (`--launches`), instead of the tier's rule. */
  readonly launches?: number;
  readonly pool?: PooledVariance;
}

export type LaunchDecision = { readonly action: 'launch' } | { readonly action: 'stop'; readonly verdict: BenchmarkReport['verdict'] };

/**
 * Whether to launch again: at least the tier's minimum, then until the interval of the median is within {@link TARGET_HALF_WIDTH}, the maximum is
 * reached, or another launch of average length would exceed the budget. The owed ones share what is left. Looks at launch medians only, never at single samples.
 *
 * To stop at a width costs coverage, because a lucky run of launches looks narrow. Simulated with log-normal launches, the interval of a benchmark that
 * may add launches holds the truth in 92 to 95 of 100 cases, worst at a spread of 3 to 4 % between launches.
 */
export function nextLaunch(progress: LaunchProgress): LaunchDecision {
  const { minLaunches, maxLaunches } = limits(progress);
  const count = progress.launchMediansMs.length;
  if (count === 0) return { action: 'launch' };
  if (!fitsBudget(progress) || count >= maxLaunches) return { action: 'stop', verdict: verdict(progress) };
  if (count < minLaunches || verdict(progress) !== 'ok') return { action: 'launch' };
  return { action: 'stop', verdict: 'ok' };
}

/** What the launches so far amount to. */
export function verdict({ launchMediansMs, pool }: LaunchProgress): BenchmarkReport['verdict'] {
  const halfWidth = launchMediansMs.length > 0 ? relativeHalfWidth(launchInterval(launchMediansMs, pool)) : undefined;
  if (halfWidth === undefined) return 'insufficient';
  return halfWidth <= TARGET_HALF_WIDTH ? 'ok' : 'noisy';
}

function limits({ tier, launches }: LaunchProgress): { readonly minLaunches: number; readonly maxLaunches: number } {
  if (launches !== undefined) return { minLaunches: launches, maxLaunches: launches };
  return TIERS[tier];
}

/** What the next launch may use: the rest of the tier's budget, shared with the launches still owed after it. */
export function launchBudget(progress: LaunchProgress): LaunchBudget {
  const { tier, launchMediansMs, elapsedMs } = progress;
  return {
    remainingMs: TIERS[tier].budgetMs - elapsedMs,
    launchesLeft: Math.max(1, limits(progress).minLaunches - launchMediansMs.length),
  };
}

/** Launches that are owed shrink to fit (see `launchPlan`); a further one must fit as long as the average so far. */
function fitsBudget(progress: LaunchProgress): boolean {
  const { tier, launchMediansMs, elapsedMs } = progress;
  const owed = launchMediansMs.length < limits(progress).minLaunches;
  return elapsedMs + (owed ? 0 : elapsedMs / launchMediansMs.length) < TIERS[tier].budgetMs;
}
