import type { JobSummary } from '../../api/jobs.ts';
import { recipeLabel } from '../../domain/matrix-text.ts';
import { positiveInteger } from '../option-parsers.ts';
import { print, table } from '../output.ts';
import { clientOf, noun, type OutputOptions, type RegisterCommand, withOutput } from './command.ts';

/** `grove job list`: newest first. */
export const registerJobList: RegisterCommand = (program, context) => {
  const command = noun(program, 'job', 'jobs: what was submitted').command('list').description('list jobs, newest first');
  command.option('--limit <count>', 'how many at most', positiveInteger, 20).option('--before <job>', 'continue after this job');
  withOutput(command).action(async (options: OutputOptions & { readonly limit: number; readonly before?: string }) => {
    const client = await clientOf(command, context);
    const page = await client.jobs({ limit: options.limit, ...(options.before !== undefined && { before: options.before }) });
    print({ ...options, terminal: context.terminal }, page, ({ jobs }) =>
      table(['job', 'state', 'submitted', 'tasks', 'recipes'], jobs.map(row)),
    );
  });
};

function row(job: JobSummary): string[] {
  const counts = Object.entries(job.counts).flatMap(([state, count]) => (count > 0 ? [`${count} ${state}`] : []));
  const recipes = job.recipes.map(({ recipeId }) => recipeLabel(recipeId));
  const shown = recipes.length > 3 ? `${recipes.slice(0, 3).join(', ')} and ${recipes.length - 3} more` : recipes.join(', ');
  return [job.jobId, job.state, new Date(job.submittedAt).toISOString(), counts.join(', '), shown];
}
