import { Option } from 'commander';
import { type RerunAnswer, type RerunState, rerunStateSchema } from '../../api/reruns.ts';
import type { Priority } from '../../domain/names.ts';
import { EXIT } from '../exit-code.ts';
import { collect, members, present } from '../option-parsers.ts';
import { print } from '../output.ts';
import { planText } from '../plan-text.ts';
import { clientOf, type OutputOptions, type RegisterCommand, withOutput } from './command.ts';

interface RerunOptions extends OutputOptions {
  readonly state: readonly RerunState[];
  readonly recipe: readonly string[];
  readonly device: readonly string[];
  readonly priority?: Priority;
  readonly idempotencyKey?: string;
  readonly dryRun?: boolean;
  readonly watch?: boolean;
}

/** `grove rerun --state stale,noisy`: the benchmarks of such cells once more, as one job. */
export const registerRerun: RegisterCommand = (program, context) => {
  const command = program.command('rerun').description('run again what the matrix shows in some states');
  withOutput(command)
    .requiredOption('--state <states>', `which cells, separated by commas: ${rerunStateSchema.options.join(', ')}`, states)
    .option('--recipe <recipe>', 'only this recipe: an id, file name or label (repeatable)', collect, [])
    .option('--device <device>', 'only this device, by its name or model (repeatable)', collect, [])
    .addOption(new Option('--priority <class>', 'who goes first (default: sweep)').choices(['urgent', 'interactive', 'sweep']))
    .option('--idempotency-key <key>', 'asking again with the same key answers the same job')
    .option('--dry-run', 'print the plan and submit nothing')
    .option('--watch', 'follow the job until it ends');
  command.action(async ({ output, state, recipe, device, priority, dryRun, ...options }: RerunOptions) => {
    const client = await clientOf(command, context);
    const filters = { ...(recipe.length > 0 && { recipes: [...recipe] }), ...(device.length > 0 && { devices: [...device] }) };
    const request = { states: [...state], ...filters, ...present({ priority, dryRun }) };
    const answer = await client.rerun(request, options.idempotencyKey ?? crypto.randomUUID());
    print({ output, terminal: context.terminal }, answer, (made) => rerunText(made, dryRun === true));
    if (options.watch !== true || answer.jobId === null) return context.exit(EXIT.ok);
    const { watchJob } = await import('../watch/watch-job.ts');
    context.exit(await watchJob(client, answer.jobId, context));
  });
};

function states(value: string): readonly RerunState[] {
  return members(value, rerunStateSchema.options);
}

function rerunText({ cells, plan, jobId }: RerunAnswer, dryRun: boolean): string {
  if (cells === 0) return 'No cell of the matrix is in such a state.';
  const end = jobId !== null ? `job ${jobId}` : dryRun ? 'Dry run: nothing was submitted.' : 'Nothing of it can run again.';
  return `${planText(plan)}\n${end}`;
}
