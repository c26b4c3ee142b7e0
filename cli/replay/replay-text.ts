import { qualityText } from '../../domain/quality-text.ts';
import type { Estimate } from '../../domain/report.ts';
import { table } from '../output.ts';
import type { Difference, MeasuredNumber, QualityAgreement, Replay, ReplayedResult } from './replay-verdict.ts';

/** A replay as a person reads it. */
export function replayText(replay: Replay): string {
  if (replay.state === 'unsupported') return [`unsupported here: ${replay.why}`, ...differenceLines(replay.differences)].join('\n');
  const { recorded, here, quality, differences } = replay;
  return [
    verdictLine(replay),
    table(['', 'p50', 'launches', 'execution provider', 'on it'], [sideRow('recorded', recorded), sideRow('here', here)]),
    qualityLine(quality),
    ...(differences.length === 0 ? ['the environment is the same, as far as Grove can tell'] : differenceLines(differences)),
  ].join('\n');
}

function verdictLine({ taskId, ratio, verdict, incomparable, margin, differences }: ReplayedResult): string {
  const { value, low, high } = ratio;
  const interval = low === null || high === null ? '(no interval: too few launches)' : `[${low.toFixed(3)}, ${high.toFixed(3)}]`;
  const where = differences.length === 0 ? '' : ', in another environment';
  const words = {
    same: `the same within ${(100 * margin).toFixed(1)} %`,
    slower: 'slower here',
    faster: 'faster here',
    inconclusive:
      incomparable.length > 0 ? `no verdict: ${incomparable.join('; ')}` : 'inconclusive: neither a change nor its absence is shown',
  };
  return `${taskId}: here/recorded ${value.toFixed(3)}x ${interval}: ${words[verdict]}${where}; measured at different times, so nothing that disturbed either cancels`;
}

function sideRow(name: string, { p50Ms, launches, ep, emulated, placement }: MeasuredNumber): string[] {
  const share = placement.byEp[ep]?.timeShare;
  const on = share === undefined ? 'no node' : `${(100 * share).toFixed(1)} % of node time${placement.fellBack ? ', FELL BACK' : ''}`;
  return [name, estimateText(p50Ms), String(launches.length), `${ep}${emulated ? ' (emulated)' : ''}`, on];
}

function estimateText({ value, low, high }: Estimate): string {
  return low === null || high === null ? `${value.toFixed(3)} ms` : `${value.toFixed(3)} ms [${low.toFixed(3)}, ${high.toFixed(3)}]`;
}

function qualityLine({ state, recorded, here }: QualityAgreement): string {
  const words = {
    equal: 'the outputs are the same',
    agrees: 'the outputs differ a little, and are on the same side of the bound',
    differs: 'THE OUTPUTS DIFFER: one side is good, the other is not',
    'not-compared': 'the outputs are not compared',
  };
  const sideText = (quality: QualityAgreement['here']) =>
    quality.state === 'measured' ? qualityText(quality) : `not measured: ${quality.why}`;
  return `${words[state]}: recorded ${sideText(recorded)}; here ${sideText(here)}`;
}

function differenceLines(differences: readonly Difference[]): string[] {
  if (differences.length === 0) return [];
  const rows = differences.map(({ what, recorded, here }) => [what, recorded, here]);
  return ['what is another here:', table(['', 'recorded', 'here'], rows)];
}
