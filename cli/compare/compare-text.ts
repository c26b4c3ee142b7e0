import type { CellComparison } from '../../domain/compare-cells.ts';
import type { Estimate } from '../../domain/report.ts';
import { table } from '../output.ts';
import type { Comparison, SideResult } from './comparison.ts';

/** A comparison as a person reads it. */
export function comparisonText(comparison: Comparison): string {
  const { a, b, ratio, pairs, warnings } = comparison;
  const differing = [...new Set([...Object.keys(a.session), ...Object.keys(b.session)])].filter((key) => a.session[key] !== b.session[key]);
  return [
    `${ratioText(ratio)}: ${verdictText(comparison)}; ${pairs} pairs of alternating launches on this machine`,
    table(['', 'model', 'p50', 'ONNX Runtime', 'session'], [sideRow('a', a, differing), sideRow('b', b, differing)]),
    ...warnings.map((warning) => `warning: ${warning}`),
  ].join('\n');
}

function sideRow(name: string, { model, emulated, p50Ms, runtime, session }: SideResult, differing: readonly string[]): string[] {
  const library = `${runtime.ortVersion} ${runtime.ortLibraryDigest.slice(0, 8)}`;
  return [
    name,
    model,
    `${estimateText(p50Ms)}${emulated ? ' (emulated)' : ''}`,
    library,
    differing.map((key) => `${key}=${shortened(String(session[key] ?? ''))}`).join(' ') || 'the same',
  ];
}

/** Paths and digests say enough by their ends. */
function shortened(value: string): string {
  return value.length <= 40 ? value : `${value.slice(0, 12)}…${value.slice(-20)}`;
}

/** Two cells as a person reads them. */
export function cellComparisonText(comparison: CellComparison): string {
  const { a, b, ratio, warnings } = comparison;
  const row = (name: string, { id, key, p50Ms, state, badges }: CellComparison['a']) => [
    ...[name, id, `${key.modelId} ${key.recipeId}`, key.deviceModel, p50Ms === null ? '' : estimateText(p50Ms), state],
    badges.join(', '),
  ];
  return [
    `${ratio === null ? 'no ratio: a cell has no number' : `${ratioText(ratio)}: ${verdictText(comparison)}`}; unpaired: measured at different times, so nothing that disturbed either cancels`,
    table(['', 'cell', 'model', 'device', 'p50', 'state', 'badges'], [row('a', a), row('b', b)]),
    ...warnings.map((warning) => `unpaired: ${warning}`),
  ].join('\n');
}

function ratioText({ value, low, high }: Estimate): string {
  return `b/a ${value.toFixed(3)}x ${low === null || high === null ? '(no interval: too few launches)' : `[${low.toFixed(3)}, ${high.toFixed(3)}]`}`;
}

function verdictText({ verdict, margin, incomparable }: Pick<Comparison, 'verdict' | 'margin' | 'incomparable'>): string {
  if (incomparable.length > 0) return `inconclusive: ${incomparable.join('; ')}`;
  const percent = `${(100 * margin).toFixed(1)} %`;
  switch (verdict) {
    case 'same':
      return `the same within ${percent}`;
    case 'slower':
      return 'b is slower';
    case 'faster':
      return 'b is faster';
    case 'inconclusive':
      return `inconclusive: neither a change of more than ${percent} nor its absence is shown`;
  }
}

function estimateText({ value, low, high }: Estimate): string {
  return low === null || high === null ? `${value.toFixed(3)} ms` : `${value.toFixed(3)} ms [${low.toFixed(3)}, ${high.toFixed(3)}]`;
}
