import { table } from '../cli/output.ts';
import type { Machine } from './machine.ts';
import type { Range } from './statistics.ts';

/** What every bench may be told. */
export interface BenchOptions {
  /** Leave CPU profiles of the coordinator in `.grove/bench/profiles/`: for the profiler of a browser. Profiling costs time: such figures do not count. */
  readonly profile: boolean;
}

/** One measured number. */
export interface Figure extends Partial<Range> {
  readonly name: string;
  readonly unit: string;
  readonly value: number;
  /** The budget it is held to, and whether it is kept. */
  readonly target?: { readonly text: string; readonly met: boolean };
}

/** What one bench measured. */
export interface BenchReport {
  readonly bench: string;
  /** What exactly was done, in one sentence each. */
  readonly setUp: readonly string[];
  readonly figures: readonly Figure[];
  /** Why figures are missing, or what to keep in mind. */
  readonly notes: readonly string[];
}

export interface BenchRun {
  readonly machine: Machine;
  readonly reports: readonly BenchReport[];
}

/** The run as a person reads it. */
export function runText({ machine, reports }: BenchRun): string {
  const statement = Object.entries(machine).map(([name, value]) => `${name}: ${value}`);
  return [statement.join('\n'), ...reports.map(reportText)].join('\n\n');
}

function reportText({ bench, setUp, figures, notes }: BenchReport): string {
  return [
    `## ${bench}`,
    ...setUp.map((line) => `- ${line}`),
    table(['figure', 'value', 'spread', 'target'], figures.map(figureCells)),
    ...notes.map((line) => `note: ${line}`),
  ].join('\n');
}

/** A figure as a row: name, value with unit, spread, verdict on its target. */
export function figureCells(figure: Figure): string[] {
  return [figure.name, `${shown(figure.value)} ${figure.unit}`.trimEnd(), spread(figure), verdict(figure)];
}

function spread({ low, high }: Figure): string {
  return low === undefined || high === undefined ? '' : `${shown(low)} to ${shown(high)}`;
}

function verdict({ target }: Figure): string {
  return target === undefined ? '' : `${target.met ? 'kept' : 'MISSED'}: ${target.text}`;
}

function shown(value: number): string {
  if (Number.isInteger(value) || Math.abs(value) >= 1_000) return value.toFixed(0);
  return value.toFixed(Math.abs(value) >= 100 ? 1 : 2);
}
