import { z } from 'zod';
import type { Tier } from '../../domain/names.ts';
import type { RunWindow } from '../runtime/inference-runtime.ts';

/** How much measuring a tier asks for. */
export interface TierPlan {
  /** Timed runs of one launch, at least. */
  readonly minRuns: number;
  /** Length of the measured window, at least, so that a fast model is not judged from a few milliseconds. */
  readonly minMeasureMs: number;
  /** Warm-up of one launch ends here even when it is not stable. */
  readonly maxWarmupMs: number;
  readonly minLaunches: number;
  readonly maxLaunches: number;
  /** Wall time for all launches of a benchmark together. */
  readonly budgetMs: number;
}

/** The tiers of measurement. */
export const TIERS: Readonly<Record<Tier, TierPlan>> = {
  smoke: { minRuns: 64, minMeasureMs: 1_000, maxWarmupMs: 4_000, minLaunches: 5, maxLaunches: 5, budgetMs: 60_000 },
  standard: { minRuns: 256, minMeasureMs: 3_000, maxWarmupMs: 10_000, minLaunches: 5, maxLaunches: 10, budgetMs: 300_000 },
  ranked: { minRuns: 1_024, minMeasureMs: 10_000, maxWarmupMs: 20_000, minLaunches: 5, maxLaunches: 20, budgetMs: 1_200_000 },
};

/** Runs that a warm-up and each of its comparison windows have at least. */
const WARMUP_RUNS = 10;
const WARMUP_MS = 1_000;

const windowSchema = z.strictObject({ minRuns: z.int().min(1), minMs: z.number().min(0), maxMs: z.number().min(0) });

/** What one launch does, fixed before it starts. */
export const launchPlanSchema = z.strictObject({ warmup: windowSchema, measure: windowSchema });
export type LaunchPlan = { readonly warmup: RunWindow; readonly measure: RunWindow };

/** How much of its share of the budget a launch may spend in each phase; the rest is process start, session creation and writing. */
const WARMUP_SHARE = 0.25;
const MEASURE_SHARE = 0.55;

/**
 * The plan of the next launch: the tier's numbers, cut so that every launch the tier still owes fits what is left of its budget. A slow model keeps its
 * five launches and loses runs of each: launches carry the interval, runs only sharpen one median.
 */
export function launchPlan(tier: Tier, { remainingMs, launchesLeft }: LaunchBudget): LaunchPlan {
  const { minRuns, minMeasureMs, maxWarmupMs } = TIERS[tier];
  const shareMs = Math.max(0, remainingMs) / Math.max(1, launchesLeft);
  return {
    warmup: { minRuns: WARMUP_RUNS, minMs: WARMUP_MS, maxMs: Math.min(maxWarmupMs, shareMs * WARMUP_SHARE) },
    measure: { minRuns, minMs: minMeasureMs, maxMs: shareMs * MEASURE_SHARE },
  };
}

/**
 * The plan of the one launch on a device that is not silicon: its latency means nothing, and an emulator may take minutes for an inference, so that
 * it runs no longer than to show that it runs.
 */
export const EMULATED_PLAN: LaunchPlan = {
  warmup: { minRuns: 1, minMs: 0, maxMs: 0 },
  measure: { minRuns: 1, minMs: 1_000, maxMs: 10_000 },
};

/** What a benchmark has left when a launch is about to begin. */
export interface LaunchBudget {
  readonly remainingMs: number;
  /** Launches it still owes, this one included. */
  readonly launchesLeft: number;
}
