import type { LostJob, RecoverAnswer } from '../../api/lost-jobs.ts';
import { recipeLabel } from '../../domain/matrix-text.ts';
import { print, table } from '../output.ts';
import { clientOf, noun, type OutputOptions, type RegisterCommand, withOutput } from './command.ts';

interface RecoverOptions extends OutputOptions {
  readonly all?: boolean;
}

/** `grove job recover`: lists accepted jobs that the task store has lost; with ids, or `--all`, submits them again. */
export const registerJobRecover: RegisterCommand = (program, context) => {
  const command = noun(program, 'job', 'jobs: what was submitted')
    .command('recover [job...]')
    .description('list accepted jobs that the task store has lost, or submit them again');
  withOutput(command)
    .option('--all', 'submit all of them again')
    .action(async (jobIds: readonly string[], { output, all }: RecoverOptions) => {
      const client = await clientOf(command, context);
      const { jobs } = jobIds.length === 0 ? await client.lostJobs() : { jobs: [] };
      const asked = all === true ? jobs.flatMap(({ jobId, problem }) => (problem === '' ? [jobId] : [])) : jobIds;
      if (asked.length === 0) return print({ output, terminal: context.terminal }, { jobs }, () => lostText(jobs));
      const recovered: RecoverAnswer[] = [];
      for (const jobId of asked) recovered.push(await client.recoverJob(jobId));
      print({ output, terminal: context.terminal }, { recovered }, () => recovered.map(recoveredText).join('\n'));
    });
};

function lostText(jobs: readonly LostJob[]): string {
  if (jobs.length === 0) return 'No job is lost.';
  const rows = jobs.map(({ jobId, submittedAt, submitter, recipes, recipeCount, problem }) => {
    const named = recipes.slice(0, 3).map(recipeLabel).join(', ');
    const rest = recipeCount > 3 ? ` and ${recipeCount - 3} more` : '';
    return [jobId, new Date(submittedAt).toISOString(), submitter, `${named}${rest}`, problem === '' ? 'yes' : `no: ${problem}`];
  });
  return table(['job', 'submitted', 'by', 'recipes', 'can be recovered'], rows);
}

function recoveredText({ jobId, recovered }: RecoverAnswer): string {
  return recovered ? `job ${jobId} is submitted again` : `job ${jobId} is not lost`;
}
