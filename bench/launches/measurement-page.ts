import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { INSTALLATION_FOLDER } from '../../platform/installation.ts';
import { judgeShift, type Method, type ShiftRates } from './judge-shifts.ts';
import { type RecordedLaunches, readRecordedLaunches } from './recorded-launches.ts';

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
  return `${page.slice(0, start)}${MARK}${records.map(section).join('\n\n')}\n${page.slice(end)}`;
}

function section(record: RecordedLaunches): string {
  const { model, machine, recordedOn, load, launchMediansMs } = record;
  const middle = [...launchMediansMs].sort((a, b) => a - b)[Math.floor(launchMediansMs.length / 2)] ?? Number.NaN;
  const rates = METHODS.flatMap((method) => LAUNCHES.flatMap((launches) => row(launchMediansMs, { method, launches })));
  return [
    `**${model}**: ${launchMediansMs.length} launches of about ${middle.toPrecision(3)} ms, ${recordedOn}, ${machine}, load ${load}.`,
    '',
    `| comparison | launches a side | half-width, median | false alarms | called a change | ${SHIFTS.slice(1).map(missed).join(' | ')} | interval holds the truth |`,
    `|---|---|---|---|---|${'---|'.repeat(SHIFTS.length - 1)}---|`,
    ...rates,
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
