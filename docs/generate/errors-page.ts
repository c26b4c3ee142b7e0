import type { ErrorSpec, Fault } from '../../domain/errors.ts';
import { cell } from './markdown.ts';

const FAULTS: Readonly<Record<Fault, string>> = {
  input: 'What was sent is wrong: the sender corrects it. Never retried.',
  recipe: 'The recipe or its model cannot be converted or measured as asked. Never retried: another machine would say the same.',
  device: 'The machine, its driver or its runtime failed.',
  infrastructure: 'The network, a disk, a store or a process failed between the machines.',
  grove: 'Grove itself is wrong.',
};

function row(code: string, spec: ErrorSpec): string {
  const message = cell(spec.message).replaceAll(/\{\w+\}/g, (name) => `\`${name}\``);
  return `| \`${code}\` | ${message} | ${cell(spec.advice)} | ${spec.retryable ? 'yes' : 'no'} | ${spec.http} | ${spec.grpc} |`;
}

function section(fault: Fault, errors: Readonly<Record<string, ErrorSpec>>): string {
  const rows = Object.entries(errors)
    .filter(([, spec]) => spec.fault === fault)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([code, spec]) => row(code, spec));
  return [
    `## ${fault}`,
    '',
    FAULTS[fault],
    '',
    '| code | message | what to do | retried | HTTP | gRPC |',
    '|---|---|---|---|---|---|',
    ...rows,
  ].join('\n');
}

/**
 * `docs/errors.md`: every code of the registry under the party at fault, codes in alphabetical order. Names in braces are filled in when the error
 * happens.
 */
export function renderErrorsPage(errors: Readonly<Record<string, ErrorSpec>>): string {
  const introduction = [
    '# Errors',
    '',
    '<!-- Written by `npm run generate` from domain/errors.ts. Do not edit. -->',
    '',
    'A code is stable: it is the same in a REST problem, a gRPC status, a task outcome, a matrix cell and a log line. The code tells whose fault it was, and',
    'that decides whether a task is tried again, who is blamed in the matrix and the exit code of the command line.',
  ].join('\n');
  const faults: readonly Fault[] = ['input', 'recipe', 'device', 'infrastructure', 'grove'];
  return `${[introduction, ...faults.map((fault) => section(fault, errors))].join('\n\n')}\n`;
}
