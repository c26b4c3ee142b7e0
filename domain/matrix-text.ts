import type { Badge, CellState } from './cell-state.ts';
import type { MatrixColumn, MatrixRow, Published } from './matrix.ts';
import type { Estimate } from './report.ts';

/**
 * The words and figures of a matrix, shared by every renderer (terminal, Markdown, HTML), so that one cell reads the same everywhere. Figures that
 * promise quality (cosine, share) are cut, never rounded up: `100 %` means all of it.
 */

/** How a state looks without colour. */
export interface StateSign {
  readonly sign: string;
  readonly label: string;
  readonly meaning: string;
}

/** Sign, word and meaning of every state. */
export const STATE_SIGNS: Readonly<Record<CellState, StateSign>> = {
  ok: { sign: '✓', label: 'ok', meaning: 'measured, nothing wrong' },
  regressed: { sign: '▲', label: 'regressed', meaning: 'slower than its baseline, or than its previous result' },
  improved: { sign: '▼', label: 'improved', meaning: 'faster than its baseline, or than its previous result' },
  noisy: { sign: '≈', label: 'noisy', meaning: 'the interval stayed wider than 2 %' },
  insufficient: { sign: '?', label: 'insufficient', meaning: 'too few launches for an interval' },
  'fell-back': { sign: '↩', label: 'fell back', meaning: 'heavy nodes ran off the asked execution provider' },
  quality: { sign: '≠', label: 'quality', meaning: 'outputs differ from the reference by more than the bound' },
  failed: { sign: '✗', label: 'failed', meaning: "the recipe's or the model's fault" },
  exception: { sign: '!', label: 'exception', meaning: "the farm's or the device's fault, retries spent" },
  unsupported: { sign: '⊘', label: 'unsupported', meaning: 'no agent can convert or run it' },
  running: { sign: '▶', label: 'running', meaning: 'being converted or measured now' },
  waiting: { sign: '…', label: 'waiting', meaning: 'queued, or waits for its conversion' },
  missing: { sign: '–', label: 'missing', meaning: 'nobody has asked for it' },
};

/** What each badge says about a cell. */
export const BADGE_MEANINGS: Readonly<Record<Badge, string>> = {
  partial: 'some light nodes ran on another execution provider',
  stale: "the device's environment has changed since",
  substituted: 'ran on another execution provider or kind of device than the recipe asks for: never ranked',
  synthetic: "the weights are not the model's own: never ranked",
  emulated: 'not silicon: never ranked',
  imported: 'measured elsewhere: never ranked',
  outlier: 'slower or faster than the other machines of its model by more than they differ',
  acknowledged: 'somebody has looked at this state and accepted it',
  'local-data': 'data given by the submitter',
  disturbed: 'the machine was on battery, saving power, too hot, busy or short of memory while it was measured',
  drift: 'the machine was not as fast all the time, or not as fast as it was',
};

/** Milliseconds with three significant digits: `0.631 ms`, `5.61 ms`, `31.9 ms`, `1240 ms`. */
export function formatMs(valueMs: number): string {
  return `${significant(valueMs)} ms`;
}

/** Half the width of an estimate's interval relative to its value, at its wider side; null without an interval. */
function relativeHalfWidth({ value, low, high }: Estimate): number | null {
  if (low === null || high === null || value === 0) return null;
  return Math.max(high - value, value - low) / Math.abs(value);
}

/** `±1.1%`, or an empty text without an interval. */
export function formatInterval(estimate: Estimate): string {
  const half = relativeHalfWidth(estimate);
  return half === null ? '' : `±${(half * 100).toFixed(half < 0.1 ? 1 : 0)}%`;
}

/** `1.08x [1.05-1.11]`; the interval is left out when there is none. */
export function formatRatio({ value, low, high }: Estimate): string {
  const interval = low === null || high === null ? '' : ` [${low.toFixed(2)}-${high.toFixed(2)}]`;
  return `${value.toFixed(2)}x${interval}`;
}

/** `QNN` for `QNNExecutionProvider`. */
export function shortEp(ep: string): string {
  return ep.replace(/ExecutionProvider$/, '');
}

/** A share from 0 to 1 as whole percent, cut: `99%`; what is there but little is `<1%`. */
export function formatShare(share: number): string {
  if (share > 0 && share < 0.01) return '<1%';
  return `${Math.floor(share * 100 + 1e-9)}%`;
}

/** Four digits, cut: `0.9999` stays below 1 unless it is 1. */
export function formatCosine(cosine: number): string {
  const cut = Math.floor(cosine * 10_000 + 1e-9) / 10_000;
  return cut === 1 ? '1' : cut.toFixed(4).replace(/0+$/, '');
}

/** `45 s`, `12 min`, `3 h`, `2 d` between two instants; `now` for what is not older than a second. */
export function formatAge(thenMs: number, nowMs: number): string {
  const seconds = Math.max(0, Math.floor((nowMs - thenMs) / 1000));
  if (seconds < 1) return 'now';
  if (seconds < 60) return `${seconds} s`;
  if (seconds < 3_600) return `${Math.floor(seconds / 60)} min`;
  if (seconds < 86_400) return `${Math.floor(seconds / 3_600)} h`;
  return `${Math.floor(seconds / 86_400)} d`;
}

/** How a row is named. */
export interface RowText {
  /** `qdq_amd`: the recipe's file name without what its folder says already. */
  readonly name: string;
  /** `@3f2a`. */
  readonly digest: string;
  readonly title: string;
  /** `npu VitisAI`. */
  readonly target: string;
  /** `lint:1`; empty without findings. */
  readonly lint: string;
}

/** The words of a row's head. */
export function rowText(row: MatrixRow): RowText {
  return {
    name: recipeLabel(row.recipeId),
    digest: `@${row.recipeDigest.slice(0, 4)}`,
    title: row.title,
    target: row.target.replace(/ExecutionProvider\b/g, ''),
    lint: row.lintFindings === 0 ? '' : `lint:${row.lintFindings}`,
  };
}

/** `qdq_amd` for `ms-marco-MiniLM-L-6-v2/ms-marco-MiniLM-L-6-v2_qdq_amd.json`; other ids lose only their folder and `.json`. */
export function recipeLabel(recipeId: string): string {
  const [path = recipeId, ...overrides] = recipeId.split(' ');
  const segments = path.replace(/\.json$/, '').split('/');
  const name = segments.at(-1) ?? path;
  const folder = segments.at(-2);
  const label = folder !== undefined && name.startsWith(`${folder}_`) ? name.slice(folder.length + 1) : name;
  return [label, ...overrides].join(' ');
}

/** How a column is headed. */
export interface ColumnText {
  readonly device: string;
  /** `CPU EP, ac performance, smoke`. */
  readonly detail: string;
  /** `2 units`; empty before any device has it. */
  readonly units: string;
  readonly emulated: boolean;
}

/** The words of a column's head. */
export function columnText(column: MatrixColumn): ColumnText {
  return {
    device: column.deviceModel,
    detail: [`${shortEp(column.executedEp)} EP`, column.condition, column.tier].filter(Boolean).join(', '),
    units: column.units.length === 0 ? '' : plural(column.units.length, 'unit'),
    emulated: column.emulated,
  };
}

/** Published figures of a row: what, and on which hardware. Empty texts when nothing was published. */
export function publishedText(published: Published | null): { readonly figure: string; readonly hardware: string } {
  if (published === null) return { figure: '', hardware: '' };
  const { avg, min, max, p90 } = published.latencyMs;
  const range = min === null || max === null ? '' : `${significant(min)}-${significant(max)} ms`;
  const figure = avg === null ? range : [`${formatMs(avg)} avg`, p90 === null ? '' : `p90 ${significant(p90)}`].filter(Boolean).join(', ');
  return { figure, hardware: published.hardware ?? 'hardware unknown' };
}

/** `1 unit`, `2 units`. */
export function plural(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}

function significant(value: number): string {
  if (value === 0) return '0';
  const digits = Math.max(0, 2 - Math.floor(Math.log10(Math.abs(value))));
  return value.toFixed(Math.min(digits, 6));
}
