import type { Badge } from './cell-state.ts';
import { warningsText } from './device-state-text.ts';
import type { Cell } from './matrix.ts';
import { formatAge, formatInterval, formatMs, formatRatio, formatShare, STATE_SIGNS, type StateSign, shortEp } from './matrix-text.ts';
import { goalsText, qualityText, rankingText } from './quality-text.ts';
import type { BenchmarkReport } from './report.ts';

/** One cell as lines of text. Empty strings stand for what is not known. */
export interface CellText {
  readonly state: StateSign;
  /** `5.61 ms ±1.1%`; empty when nothing was measured. */
  readonly latency: string;
  /** `1.08x [1.05-1.11]` against the previous result, `... to baseline`, `... (environment changed)`. */
  readonly ratio: string;
  /** `QNN 99% t`: share of node time on the executed EP. */
  readonly placement: string;
  /** `cos 0.998`, of logits `logit diff 0.00021`, or that it was not measured. */
  readonly quality: string;
  /** `top-1 100% MRR@10 0.605 (reference 0.605)`, of models that rank. */
  readonly ranking: string;
  /** `goal latency-avg ✓ met`. */
  readonly goals: string;
  /** `5x1024`: launches x samples of each. */
  readonly sampling: string;
  /** `2 d`. */
  readonly age: string;
  /** `env 9c1e`. */
  readonly environment: string;
  readonly badges: readonly Badge[];
  /** Why it is not a number, or what is wrong with the number. */
  readonly reason: string;
}

/** Everything a renderer shows of a cell. `nowMs` is the matrix's `generatedAt`. */
export function cellText(cell: Cell, nowMs: number): CellText {
  const { p50Ms, provenance } = cell;
  return {
    state: STATE_SIGNS[cell.state],
    latency: p50Ms === null ? '' : latencyText(p50Ms),
    ratio: ratioText(cell),
    placement: cell.epTimeShare === null ? '' : `${shortEp(cell.key.executedEp)} ${formatShare(cell.epTimeShare)} t`,
    quality: cell.quality === null ? '' : qualityText(cell.quality),
    ranking: cell.quality === null ? '' : rankingText(cell.quality),
    goals: goalsText(cell.evaluator),
    sampling: cell.launches === 0 ? '' : `${cell.launches}x${cell.samplesPerLaunch}`,
    age: provenance.measuredAt === null ? '' : formatAge(provenance.measuredAt, nowMs),
    environment: provenance.environmentId === null ? '' : `env ${provenance.environmentId.slice(0, 4)}`,
    badges: cell.badges,
    reason: cell.reason,
  };
}

function ratioText({ comparison, ratioToPrevious }: Cell): string {
  if (comparison === null) return ratioToPrevious === null ? '' : formatRatio(ratioToPrevious);
  const { ratio, against, changed } = comparison;
  const parts = [
    formatRatio(ratio),
    against === 'baseline' ? 'to baseline' : '',
    changed.length > 0 ? `(${changed.join(', ')} changed)` : '',
  ];
  return parts.filter(Boolean).join(' ');
}

function latencyText(p50Ms: NonNullable<Cell['p50Ms']>): string {
  return [formatMs(p50Ms.value), formatInterval(p50Ms)].filter(Boolean).join(' ');
}

/** What came of a benchmark in one line: `5.61 ms ±1.1%, cos 0.998, goal latency-avg ✓ met`. */
export function reportText(report: Pick<BenchmarkReport, 'p50Ms' | 'quality' | 'evaluator' | 'deviceStates'>): string {
  const { p50Ms, quality, evaluator = [], deviceStates } = report;
  const parts = [latencyText(p50Ms), qualityText(quality), rankingText(quality), goalsText(evaluator)];
  return [...parts, warningsText(deviceStates?.warnings ?? [])].filter(Boolean).join(', ');
}
