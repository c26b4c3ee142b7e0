import type { GroveClient, JobsPage } from '../../api/client.ts';
import type { JobList, JobSummary } from '../../api/jobs.ts';
import { type JobState, jobStateSchema } from '../../domain/job.ts';
import { jobProgressText } from '../../domain/job-text.ts';
import { recipeLabel } from '../../domain/matrix-text.ts';
import { stateText } from '../job-state-text.ts';
import { members, positiveInteger, present } from '../option-parsers.ts';
import { print, table } from '../output.ts';
import { clientOf, noun, type OutputOptions, type RegisterCommand, withOutput } from './command.ts';

/** `grove job list`: newest first. */
export const registerJobList: RegisterCommand = (program, context) => {
  const command = noun(program, 'job', 'jobs: what was submitted').command('list').description('list jobs, newest first');
  command
    .option('--limit <count>', 'how many at most', positiveInteger, 20)
    .option('--before <job>', 'continue after this job')
    .option('--state <states>', `only jobs that are ${jobStateSchema.options.join(', ')} (several with commas)`, jobStates)
    .option('--submitter <name>', 'only jobs of this person');
  withOutput(command).action(async ({ output, limit, before, submitter, state }: JobListOptions) => {
    const client = await clientOf(command, context);
    print({ output, terminal: context.terminal }, await listed(client, limit, present({ before, submitter, state })), ({ jobs }) =>
      table(['job', 'state', 'submitted', 'by', 'tasks ended', 'recipes'], jobs.map(row)),
    );
  });
};

type Filter = Pick<JobsPage, 'before' | 'submitter'> & { readonly state?: readonly JobState[] };
type JobListOptions = OutputOptions & Filter & { readonly limit: number };

/** Jobs the farm lists at once. */
const PAGE = 200;

/** Page after page until there are enough: a page of a filtered list may be short. */
async function listed(client: GroveClient, limit: number, { state, ...filter }: Filter): Promise<JobList> {
  const jobs: JobSummary[] = [];
  const states = state === undefined ? {} : { states: state };
  let page = await client.jobs({ ...filter, ...states, limit: Math.min(limit, PAGE) });
  jobs.push(...page.jobs);
  while (page.next !== null && jobs.length < limit) {
    page = await client.jobs({ ...filter, ...states, limit: Math.min(limit - jobs.length, PAGE), before: page.next });
    jobs.push(...page.jobs);
  }
  return { jobs, next: page.next };
}

function jobStates(value: string): readonly JobState[] {
  return members(value, jobStateSchema.options);
}

function row(job: JobSummary): string[] {
  const recipes = job.recipes.map(({ recipeId }) => recipeLabel(recipeId));
  const shown = job.recipeCount > 3 ? `${recipes.slice(0, 3).join(', ')} and ${job.recipeCount - 3} more` : recipes.join(', ');
  const why = job.cause === null ? shown : `${shown} (${job.cause.reason})`;
  return [job.jobId, stateText(job, Date.now()), new Date(job.submittedAt).toISOString(), job.submitter, jobProgressText(job.counts), why];
}
