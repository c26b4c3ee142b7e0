import { latencyRatio, launchInterval, pairedRatio, relativeHalfWidth } from '../../domain/statistics.ts';

/** How two measurements of one device are compared. */
export type Method = 'one after the other' | 'alternating';

/** How often a method answers what, for one true shift. */
export interface ShiftRates {
  readonly method: Method;
  /** True latency of the second over the first. */
  readonly shift: number;
  /** Share of comparisons whose interval leaves 1 out on the side of the shift, or on either side when there is none (a false alarm). */
  readonly told: number;
  /** Share whose interval leaves 1 out on the wrong side. */
  readonly wrong: number;
  /** Share that is called a change: told, beyond the notable ratio, and of a second measurement whose own interval is narrow enough not to be called noisy. */
  readonly called: number;
  /** Share of intervals that hold the true shift. */
  readonly covered: number;
  /** Median half width of the interval. */
  readonly halfWidth: number;
}

/** As the matrix does: less is no change. */
const NOTABLE_RATIO = 1.02;
/** As the matrix does: a wider interval makes a result noisy, and that is not judged. */
const MAX_HALF_WIDTH = 0.02;

/** What is compared how often. */
export interface ShiftPlan {
  readonly method: Method;
  readonly shift: number;
  /** Of each side. */
  readonly launches: number;
}

/**
 * Compares a device with itself, slowed down by a known factor: two measurements are cut out of recorded A/A launches, starting at every launch of
 * the record in turn, and those of the second are multiplied. One after the other, each side is a stretch of launches as they followed each other; alternating, the sides
 * take turns. Disturbances stay where they were, which no model of noise gives.
 */
export function judgeShift(launchMediansMs: readonly number[], { method, shift, launches }: ShiftPlan): ShiftRates {
  const counts = { told: 0, wrong: 0, called: 0, covered: 0 };
  const halfWidths: number[] = [];
  for (let start = 0; start < launchMediansMs.length; start++) {
    const [first, second] = cut(launchMediansMs, { method, launches, start });
    const shifted = second.map((ms) => ms * shift);
    const ratio =
      method === 'alternating' ? pairedRatio(shifted, first) : latencyRatio({ launchMedians: shifted }, { launchMedians: first });
    const { value, low, high } = { low: 0, high: Number.POSITIVE_INFINITY, ...notNull(ratio) };
    const [above, below] = [low > 1, high < 1];
    const isTold = shift === 1 ? above || below : shift > 1 ? above : below;
    counts.told += Number(isTold);
    counts.wrong += Number(shift !== 1 && (shift > 1 ? below : above));
    const isNotable = value > NOTABLE_RATIO || value < 1 / NOTABLE_RATIO;
    counts.called += Number(isTold && isNotable && (method === 'alternating' || isNarrow(second)));
    counts.covered += Number(low <= shift && shift <= high);
    halfWidths.push(relativeHalfWidth(ratio) ?? Number.NaN);
  }
  const share = (count: number) => count / launchMediansMs.length;
  return {
    ...{ method, shift },
    ...{ told: share(counts.told), wrong: share(counts.wrong), called: share(counts.called), covered: share(counts.covered) },
    halfWidth: halfWidths.sort((a, b) => a - b)[Math.floor(launchMediansMs.length / 2)] ?? Number.NaN,
  };
}

function isNarrow(medians: readonly number[]): boolean {
  return (relativeHalfWidth(launchInterval(medians)) ?? Number.POSITIVE_INFINITY) <= MAX_HALF_WIDTH;
}

function notNull({ value, low, high }: ReturnType<typeof latencyRatio>) {
  return low === null || high === null ? { value } : { value, low, high };
}

interface Cut {
  readonly method: Method;
  readonly launches: number;
  readonly start: number;
}

/** The record is a ring: its end is followed by its start. */
function cut(record: readonly number[], { method, launches, start }: Cut): readonly [number[], number[]] {
  const at = (index: number) => record[(start + index) % record.length] ?? Number.NaN;
  const take = (position: (index: number) => number) => Array.from({ length: launches }, (_, index) => at(position(index)));
  if (method === 'one after the other') return [take((index) => index), take((index) => launches + index)];
  // a b, b a, a b: who is first changes.
  return [take((index) => 2 * index + (index % 2)), take((index) => 2 * index + 1 - (index % 2))];
}
