import Table from 'cli-table3';
import type { GroveError } from '../domain/errors.ts';

/** How a command prints its result: a table for people, JSON for programs. */
export type OutputFormat = 'table' | 'json';

/** Where a command writes; injected so that tests read it. */
export interface Terminal {
  readonly columns: number;
  readonly isInteractive: boolean;
  out(text: string): void;
  error(text: string): void;
}

export const processTerminal: Terminal = {
  get columns() {
    return process.stdout.columns ?? 120;
  },
  get isInteractive() {
    return process.stdout.isTTY === true;
  },
  out: (text) => void process.stdout.write(`${printable(text)}\n`),
  error: (text) => void process.stderr.write(`${printable(text)}\n`),
};

/** Text without control characters except tab and line feed: a log line or device name must not steer the reader's terminal. */
export function printable(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are exactly what must go
  return text.replace(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g, '');
}

/** Where and how a result is printed. */
export interface Printer {
  readonly terminal: Terminal;
  readonly output: OutputFormat;
}

/** Prints `value` as JSON, or what `asText` makes of it. */
export function print<T>({ terminal, output }: Printer, value: T, asText: (value: T) => string): void {
  terminal.out(output === 'json' ? JSON.stringify(value, null, 2) : asText(value));
}

/** A borderless table: readable by people, cut by `awk`. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  if (rows.length === 0) return `${head.join('  ')}\n(none)`;
  const none = '';
  const chars = {
    top: none,
    'top-mid': none,
    'top-left': none,
    'top-right': none,
    bottom: none,
    'bottom-mid': none,
    'bottom-left': none,
    'bottom-right': none,
    left: none,
    'left-mid': none,
    mid: none,
    'mid-mid': none,
    right: none,
    'right-mid': none,
    middle: '  ',
  };
  const view = new Table({
    head: head.map((name) => name.toUpperCase()),
    chars,
    style: { head: [], border: [], 'padding-left': 0, 'padding-right': 0 },
  });
  view.push(...rows.map((row) => [...row]));
  return view
    .toString()
    .split('\n')
    .map((line) => line.trimEnd())
    .join('\n');
}

/** An error as a person reads it: what, each problem with its place, what to do. */
export function describeError(error: GroveError): string {
  const problems = error.problems.slice(0, 50).map((problem) => `  ${problem.path}: ${problem.message}`);
  const more = error.problems.length > 50 ? [`  and ${error.problems.length - 50} more`] : [];
  return [`grove: ${error.message}`, ...problems, ...more, `  ${error.spec.advice}`, `  (${error.code})`].join('\n');
}

const BYTE_UNITS = ['B', 'kB', 'MB', 'GB', 'TB'] as const;

/** `34.4 MB`: decimal units, one digit from kB on. */
export function bytes(count: number): string {
  const unit = Math.min(BYTE_UNITS.length - 1, Math.max(0, Math.floor(Math.log10(Math.max(1, count)) / 3)));
  return `${(count / 1000 ** unit).toFixed(unit === 0 ? 0 : 1)} ${BYTE_UNITS[unit]}`;
}
