import type { Finding } from '../doctor/findings.ts';
import { EXIT } from '../exit-code.ts';
import { print } from '../output.ts';
import { clientOf, type OutputOptions, type RegisterCommand, withOutput } from './command.ts';

/** `grove doctor`: what of a deployment works, and what to do about the rest. */
export const registerDoctor: RegisterCommand = (program, context) => {
  const command = program
    .command('doctor')
    .description('examine the farm: stores, coordinators, agents; exit code 7 when something does not work');
  withOutput(command).action(async (options: OutputOptions) => {
    const { examineFarm } = await import('../doctor/examine-farm.ts');
    const findings = await examineFarm(await clientOf(command, context));
    print({ ...options, terminal: context.terminal }, { findings }, () => findings.map(lineOf).join('\n'));
    if (findings.some(({ level }) => level === 'problem')) context.exit(EXIT.infrastructure);
  });
};

const SIGNS = { ok: 'ok      ', warning: 'warning ', problem: 'PROBLEM ' } as const satisfies Record<Finding['level'], string>;

function lineOf({ level, what, fix }: Finding): string {
  return `${SIGNS[level]}${what}${fix === '' ? '' : `: ${fix}`}`;
}
