import type { CellState } from './cell-state.ts';
import type { Comparison, Matrix, ProvenanceChange } from './matrix.ts';
import { type ListedCell, listedCells } from './matrix-lists.ts';
import { formatRatio, recipeLabel } from './matrix-text.ts';
import { holm } from './multiple-comparisons.ts';
import { pAtMost } from './statistics.ts';

/** The chance that the gate finds a regression where none is larger than allowed. */
const LEVEL = 0.05;

const BAD: ReadonlySet<CellState> = new Set(['failed', 'exception', 'unsupported', 'fell-back', 'quality']);
const UNSURE: ReadonlySet<CellState> = new Set(['noisy', 'insufficient']);

/** What a gate lets through. */
export interface GateRules {
  /** `pinned`: only pinned baselines count. `previous`: the pinned one, else the result before. */
  readonly baseline: 'pinned' | 'previous';
  /** 0.05: up to 5 % slower is allowed. */
  readonly maxRegression: number;
  readonly onMissing: 'fail' | 'ignore';
  readonly onNoisy: 'fail' | 'ignore';
  /** What may have changed since the baseline all the same. */
  readonly across: readonly ProvenanceChange[];
}

/** One unit of one cell. */
export interface GateCheck {
  readonly cellId: string;
  readonly recipe: string;
  readonly device: string;
  /** `regression` also: worked before and does not any more. `missing`: nothing to compare. `noisy`: cannot be told. */
  readonly outcome: 'ok' | 'regression' | 'missing' | 'noisy';
  readonly ratio: Comparison['ratio'] | null;
  readonly why: string;
}

export interface GateResult {
  readonly verdict: 'pass' | 'regression' | 'inconclusive';
  readonly checks: readonly GateCheck[];
}

interface Candidate extends Pick<GateCheck, 'cellId' | 'recipe' | 'device'> {
  readonly state: CellState;
  readonly reason: string;
  readonly wasGood: boolean;
  readonly comparison: Comparison | null;
}

/**
 * Judges every unit of the cells against its baseline. A regression is one beyond the allowed that is significant over all units together (Holm 1979),
 * or a unit that worked and does not any more.
 */
export function judgeGate(matrix: Matrix, rules: GateRules, isWanted: (cell: ListedCell) => boolean = () => true): GateResult {
  const candidates = listedCells(matrix).filter(isWanted).flatMap(unitsOf);
  const tested = candidates.filter((candidate) => whyMissing(candidate, rules) === undefined && candidate.comparison?.error != null);
  const adjusted = holm(tested.map(({ comparison }) => pOf(comparison, rules)));
  const proven = new Set(tested.filter((_, index) => (adjusted[index] ?? 1) <= LEVEL));
  const checks = candidates.map((candidate) => checkOf(candidate, rules, proven.has(candidate)));
  return { verdict: verdictOf(checks, rules), checks };
}

function pOf(comparison: Comparison | null, { maxRegression }: GateRules): number {
  return comparison?.error == null ? 1 : pAtMost(comparison.ratio.value, comparison.error, 1 + maxRegression);
}

function unitsOf({ row, column, cell }: ListedCell): readonly Candidate[] {
  const common = { cellId: cell.id, recipe: recipeLabel(row.recipeId), wasGood: cell.history.lastGood !== null };
  if (cell.unitStates.length === 0) {
    const device = cell.units[0] ?? column.deviceModel;
    return [{ ...common, device, state: cell.state, reason: cell.reason, comparison: cell.comparison }];
  }
  return cell.unitStates.map(({ unit, state, comparison }) => ({
    ...common,
    device: unit ?? column.deviceModel,
    state,
    reason: state === cell.state ? cell.reason : '',
    comparison,
  }));
}

/** Why there is nothing to judge by; undefined when there is. */
function whyMissing({ state, comparison }: Candidate, { baseline, across }: GateRules): string | undefined {
  if (state === 'waiting' || state === 'running' || state === 'missing') return `${state}: no result yet`;
  if (comparison === null) return 'no earlier result to compare with';
  if (baseline === 'pinned' && comparison.against !== 'baseline') return 'no baseline is pinned';
  const changed = comparison.changed.filter((change) => !across.includes(change));
  return changed.length === 0 ? undefined : `${changed.join(', ')} changed since the baseline`;
}

function checkOf(candidate: Candidate, rules: GateRules, isProven: boolean): GateCheck {
  const { cellId, recipe, device, state, reason, comparison } = candidate;
  const check = { cellId, recipe, device, ratio: comparison?.ratio ?? null };
  if (BAD.has(state))
    return { ...check, outcome: candidate.wasGood ? 'regression' : 'missing', why: [state, reason].filter(Boolean).join(': ') };
  const missing = whyMissing(candidate, rules);
  if (missing !== undefined) return { ...check, outcome: 'missing', why: missing };
  if (isProven) return { ...check, outcome: 'regression', why: `more than ${percent(rules.maxRegression)} slower` };
  if (UNSURE.has(state) || comparison?.error == null) return { ...check, outcome: 'noisy', why: reason || 'too few launches' };
  if (comparison.ratio.value > 1 + rules.maxRegression) return { ...check, outcome: 'noisy', why: 'slower than allowed, but not surely' };
  return { ...check, outcome: 'ok', why: '' };
}

function verdictOf(checks: readonly GateCheck[], { onMissing, onNoisy }: GateRules): GateResult['verdict'] {
  const has = (outcome: GateCheck['outcome']) => checks.some((check) => check.outcome === outcome);
  if (has('regression')) return 'regression';
  const isOpen = (onMissing === 'fail' && (has('missing') || checks.length === 0)) || (onNoisy === 'fail' && has('noisy'));
  return isOpen ? 'inconclusive' : 'pass';
}

const SIGNS = { ok: '✓', regression: '▲', missing: '–', noisy: '≈' } as const;

/** The result for a pull request: the verdict, what is not ok, and how many are. */
export function gateMarkdown({ verdict, checks }: GateResult, { maxRegression, baseline }: GateRules): string {
  const wrong = checks.filter(({ outcome }) => outcome !== 'ok');
  const head = `### Grove gate: ${verdict}\n\n${checks.length - wrong.length} of ${checks.length} ok, at most ${percent(maxRegression)} slower than the ${baseline} result allowed.\n`;
  if (wrong.length === 0) return head;
  const lines = wrong.map(({ recipe, device, outcome, ratio, why }) =>
    [`${SIGNS[outcome]} ${outcome}`, recipe, device, ratio === null ? '-' : formatRatio(ratio), why].map(escapeCell).join(' | '),
  );
  return `${head}\n| | recipe | device | ratio | why |\n|---|---|---|---|---|\n${lines.map((line) => `| ${line} |`).join('\n')}\n`;
}

function percent(share: number): string {
  return `${Number((share * 100).toFixed(2))} %`;
}

function escapeCell(text: string): string {
  return text
    .replace(/[\\`*_{}[\]<>|~]/g, (character) => (character === '<' ? '&lt;' : character === '>' ? '&gt;' : `\\${character}`))
    .replace(/\s*[\r\n]+\s*/g, ' ');
}
