import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { median } from '../../domain/statistics.ts';
import { INSTALLATION_FOLDER } from '../../platform/installation.ts';
import { judgeShift, type Method, type ShiftRates } from './judge-shifts.ts';
import { type RecordedLaunches, readRecordedLaunches } from './recorded-launches.ts';
import { syntheticLaunches } from './synthetic-launches.ts';

export const PAGE_PATH = join(INSTALLATION_FOLDER, 'docs', 'measurement.md');

const MARK = '<!-- rates -->\n';
const END = '<!-- end -->';
const METHODS: readonly Method[] = ['one after the other', 'alternating'];
const SHIFTS = [1, 1.02, 1.05, 1.1] as const;
const LAUNCHES = [5, 10] as const;

/** The page with the rates that the recorded launches give. Throws when it has no marks for them. */
export async function measurementPage(): Promise<string> {
  const page = await readFile(PAGE_PATH, 'utf8');
  const [start, end] = [page.indexOf(MARK), page.indexOf(END)];
  if (start === -1 || end === -1) throw new Error('docs/measurement.md has no marks for the rates');
  const records = await readRecordedLaunches();
  return `${page.slice(0, start)}${MARK}${[syntheticSection(), ...records.map(recordedSection)].join('\n\n')}\n${page.slice(end)}`;
}

/** How far launches of a quiet machine scatter, as the deviation of their logarithms. */
const QUIET_SPREAD = 0.01;
const SYNTHETIC_LAUNCHES = 2_000;

function recordedSection({ model, machine, recordedOn, load, launchMediansMs }: RecordedLaunches): string {
  const middle = median(launchMediansMs).toPrecision(3);
  return section(
    `**${model}**: ${launchMediansMs.length} launches of about ${middle} ms, ${recordedOn}, ${machine}, load ${load}.`,
    launchMediansMs,
  );
}

function syntheticSection(): string {
  const about = `**synthetic**: ${SYNTHETIC_LAUNCHES} launches that depend on nothing and scatter by ${percent(QUIET_SPREAD)}, as on a quiet machine.`;
  return section(about, syntheticLaunches(QUIET_SPREAD, SYNTHETIC_LAUNCHES));
}

function section(about: string, launchMediansMs: readonly number[]): string {
  return [
    about,
    '',
    `| comparison | launches a side | half-width, median | false alarms | of them called a change | ${SHIFTS.slice(1).map(missed).join(' | ')} | interval holds the truth |`,
    `|---|---|---|---|---|${'---|'.repeat(SHIFTS.length - 1)}---|`,
    ...METHODS.flatMap((method) => LAUNCHES.flatMap((launches) => row(launchMediansMs, { method, launches }))),
  ].join('\n');
}

function missed(shift: number): string {
  return `misses of +${Math.round((shift - 1) * 100)} %`;
}

function row(launchMediansMs: readonly number[], { method, launches }: { readonly method: Method; readonly launches: number }): string {
  const [none, ...shifted] = SHIFTS.map((shift) => judgeShift(launchMediansMs, { method, launches, shift }));
  if (none === undefined) return '';
  const cells = [method, String(launches), percent(none.halfWidth), percent(none.told), percent(none.called), ...shifted.map(missRate)];
  return `| ${[...cells, percent(Math.min(none.covered, ...shifted.map(({ covered }) => covered)))].join(' | ')} |`;
}

function missRate({ told, wrong }: ShiftRates): string {
  return `${percent(1 - told)}${wrong > 0 ? ` (${percent(wrong)} the wrong way)` : ''}`;
}

function percent(share: number): string {
  return `${(100 * share).toFixed(1)} %`;
}
