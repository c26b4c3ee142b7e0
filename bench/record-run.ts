import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { INSTALLATION_FOLDER } from '../platform/installation.ts';
import { type BenchReport, type BenchRun, figureCells } from './bench-report.ts';
import type { Machine } from './machine.ts';

const PAGE = join(INSTALLATION_FOLDER, 'docs', 'benchmarks.md');

/** Puts the figures of every bench that ran between its marks in `docs/benchmarks.md`; `day` is today's date. Throws when the page has no such marks. */
export async function recordRun({ machine, reports }: BenchRun, day: string): Promise<void> {
  const page = await readFile(PAGE, 'utf8');
  const recorded = reports.reduce((text, report) => withSection(text, report.bench, section(report, machine, day)), page);
  await writeFile(PAGE, recorded);
}

/** The page with `content` between the marks of `bench`. */
export function withSection(page: string, bench: string, content: string): string {
  const mark = `<!-- measured: ${bench} -->\n`;
  const start = page.indexOf(mark) + mark.length;
  const end = page.indexOf('<!-- end -->', start);
  if (!page.includes(mark) || end === -1) throw new Error(`docs/benchmarks.md has no marks for the figures of ${bench}`);
  return `${page.slice(0, start)}${content}\n${page.slice(end)}`;
}

function section({ bench, figures, notes }: BenchReport, machine: Machine, day: string): string {
  const rows = figures.map((figure) => `| ${figureCells(figure).join(' | ')} |`);
  return [
    `${day}, \`npm run bench -- ${bench}\`: ${statement(machine)}.`,
    '',
    '| figure | value | spread | target |',
    '|---|---|---|---|',
    ...rows,
    ...notes.map((note) => `\nNote: ${note}.`),
  ].join('\n');
}

function statement({ node, system, cpu, cores, memoryGib, loadBefore, syncMs, hashMs }: Machine): string {
  return `Node ${node}, ${system}, ${cores} cores of ${cpu}, ${memoryGib} GiB, load before ${loadBefore.toFixed(2)}, \`hashMs\` ${hashMs}, \`syncMs\` ${syncMs}`;
}
