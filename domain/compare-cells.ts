import type { Badge } from './cell-state.ts';
import type { Cell } from './matrix.ts';
import type { Estimate } from './report.ts';

/** What `b` is beside `a`. */
export type ComparisonVerdict = 'same' | 'faster' | 'slower' | 'inconclusive';

/** Two cells of the farm, measured at different times: nothing cancels. */
export interface CellComparison {
  readonly schemaVersion: 1;
  readonly paired: false;
  readonly a: Cell;
  readonly b: Cell;
  /** Latency of `b` over that of `a`; null when a cell has no number. */
  readonly ratio: Estimate | null;
  readonly margin: number;
  readonly verdict: ComparisonVerdict;
  /** Why the ratio has no verdict whatever it is; empty when it has one. */
  readonly incomparable: readonly string[];
  /** What differs beside the model: each may be the reason for a ratio. */
  readonly warnings: readonly string[];
}

/** Compares what two cells show; `margin` is the least change that counts, as a share. */
export function compareTwoCells(a: Cell, b: Cell, margin: number): CellComparison {
  const ratio = a.p50Ms === null || b.p50Ms === null ? null : unpairedRatio(b.p50Ms, a.p50Ms);
  const incomparable = whyIncomparable(a, b);
  const verdict = ratio === null || incomparable.length > 0 ? 'inconclusive' : judgeRatio(ratio, margin);
  return { schemaVersion: 1, paired: false, a, b, ratio, margin, verdict, incomparable, warnings: differences(a, b) };
}

/**
 * What an interval says: the same when all of it is within the margin on either side, slower or faster when it leaves 1 out and the ratio is beyond the margin.
 */
export function judgeRatio({ value, low, high }: Estimate, margin: number): ComparisonVerdict {
  if (low === null || high === null) return 'inconclusive';
  const notable = 1 + margin;
  if (low >= 1 / notable && high <= notable) return 'same';
  if (low > 1 && value > notable) return 'slower';
  if (high < 1 && value < 1 / notable) return 'faster';
  return 'inconclusive';
}

/** Half widths of independent log intervals add up by their squares. */
export function unpairedRatio(candidate: Estimate, baseline: Estimate): Estimate {
  const value = candidate.value / baseline.value;
  const halves = [candidate, baseline].map(({ value: centre, low, high }) =>
    low === null || high === null || low <= 0 ? undefined : Math.log(Math.max(high / centre, centre / low)),
  );
  const [a, b] = halves;
  if (a === undefined || b === undefined) return { value, low: null, high: null };
  const half = Math.hypot(a, b);
  return { value, low: value / Math.exp(half), high: value * Math.exp(half) };
}

/** Badges whose cells are never compared with others. */
const APART: readonly Badge[] = ['emulated', 'synthetic', 'substituted', 'imported'];

/** Why two cells have no verdict: what one of them is, or that they did not measure the same. Empty when they may be judged. */
export function whyIncomparable(a: Pick<Cell, 'key' | 'badges'>, b: Pick<Cell, 'key' | 'badges'>): string[] {
  const apart = [['a', a] as const, ['b', b] as const].flatMap(([side, { key, badges }]) => {
    const is = (badge: Badge) =>
      badges.includes(badge) || (badge === 'emulated' && key.emulated) || (badge === 'synthetic' && key.synthetic);
    return APART.filter(is).map((badge) => `${side} is ${badge}`);
  });
  return [
    ...apart,
    ...(a.key.inputShape === b.key.inputShape ? [] : ['their input shapes differ']),
    ...(a.key.tier === b.key.tier ? [] : ['their tiers differ']),
  ];
}

function differences(a: Cell, b: Cell): string[] {
  const facts: readonly (readonly [string, (cell: Cell) => string | null])[] = [
    ['environment', ({ provenance }) => provenance.environmentId?.slice(0, 12) ?? null],
    ['machine', ({ provenance }) => provenance.deviceName],
    ['device', ({ key }) => key.deviceModel],
    ['execution provider', ({ key }) => key.executedEp],
    ['ONNX Runtime', ({ provenance }) => provenance.ortVersion],
    ['condition', ({ key }) => key.condition],
    ['tier', ({ key }) => key.tier],
    ['input shape', ({ key }) => key.inputShape],
    ['badges', ({ badges }) => [...badges].sort().join(', ')],
  ];
  return facts.flatMap(([name, of]) => (of(a) === of(b) ? [] : [`${name} differs: ${of(a) || 'none'}, ${of(b) || 'none'}`]));
}
