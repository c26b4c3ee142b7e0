import { Option } from 'commander';
import type { SuiteRunAnswer } from '../../api/suites.ts';
import { recipeLabel } from '../../domain/matrix-text.ts';
import type { Priority } from '../../domain/names.ts';
import { formatCondition } from '../../domain/selector/format.ts';
import { readConditions } from '../../domain/selector/parse.ts';
import { coverageOf } from '../coverage-option.ts';
import { EXIT } from '../exit-code.ts';
import { collect, present } from '../option-parsers.ts';
import { print } from '../output.ts';
import { planText } from '../plan-text.ts';
import { clientOf, noun, type OutputOptions, type RegisterCommand, withOutput } from './command.ts';

interface RunOptions extends OutputOptions {
  readonly on: readonly string[];
  readonly where: readonly string[];
  readonly priority?: Priority;
  readonly idempotencyKey?: string;
  readonly dryRun?: boolean;
  readonly watch?: boolean;
}

/** `grove suite run NAME`: submits what the suite says, where devices fit. */
export const registerSuiteRun: RegisterCommand = (program, context) => {
  const command = noun(program, 'suite', 'suites: named lists of submits').command('run <suite>').description('submit what a suite says');
  withOutput(command)
    .option(
      '--on <coverage|device>',
      'each-device-model, each-device, any, or a device name (repeatable; default: what the suite says)',
      collect,
      [],
    )
    .option('--where <condition>', 'only devices that have this, as for submit (repeatable, all must hold)', collect, [])
    .addOption(new Option('--priority <class>', 'who goes first (default: interactive)').choices(['urgent', 'interactive', 'sweep']))
    .option('--idempotency-key <key>', 'running again with the same key answers the same jobs')
    .option('--dry-run', 'print the plans and submit nothing')
    .option('--watch', 'follow its jobs until they end')
    .action(async (name: string, { output, on, where, priority, dryRun, ...options }: RunOptions) => {
      const client = await clientOf(command, context);
      const request = {
        ...present({ priority, dryRun }),
        ...(on.length > 0 && { on: coverageOf(on) }),
        ...(where.length > 0 && { where: readConditions(where).map(formatCondition) }),
      };
      const answer = await client.runSuite(name, request, options.idempotencyKey ?? crypto.randomUUID());
      print({ output, terminal: context.terminal }, answer, (made) => runText(made, dryRun === true));
      const jobIds = answer.jobs.flatMap(({ jobId }) => jobId ?? []);
      if (options.watch !== true) return context.exit(EXIT.ok);
      const { watchJob } = await import('../watch/watch-job.ts');
      const codes: number[] = [];
      for (const jobId of jobIds) codes.push(await watchJob(client, jobId, context));
      context.exit(codes.find((code) => code !== EXIT.ok) ?? EXIT.ok);
    });
};

function runText({ jobs, skipped }: SuiteRunAnswer, dryRun: boolean): string {
  return [
    ...jobs.flatMap(({ plan, jobId, created }) => [
      planText(plan, { withDevices: dryRun }),
      jobId === null ? 'Dry run: nothing was submitted.' : `job ${jobId}${created ? '' : ' (submitted before with this key)'}`,
    ]),
    ...(skipped.length === 0 ? [] : [`no known device fits ${skipped.map(recipeLabel).join(', ')}: left out`]),
  ].join('\n');
}
