import type { JobView } from '../../api/jobs.ts';
import { estimateText, shortEstimate } from '../../domain/estimate-text.ts';
import { formatCount, jobProgressText } from '../../domain/job-text.ts';
import { type TaskState, taskStateSchema } from '../../domain/task-state.ts';
import { stateText } from '../job-state-text.ts';
import { count, members, positiveInteger } from '../option-parsers.ts';
import { print, table } from '../output.ts';
import { taskLine } from '../watch/task-line.ts';
import { clientOf, noun, type OutputOptions, type RegisterCommand, withOutput } from './command.ts';

/** `grove job view JOB`: its tasks, where they run, and why they ended. */
export const registerJobView: RegisterCommand = (program, context) => {
  const command = noun(program, 'job', 'jobs: what was submitted').command('view <job>').description('show a job and its tasks');
  command
    .option('--state <states>', `only tasks that are ${taskStateSchema.options.join(', ')} (several with commas)`, taskStates)
    .option('--limit <count>', 'how many tasks at most, up to 1000', positiveInteger, 50)
    .option('--offset <count>', 'leave out this many tasks', count, 0);
  withOutput(command).action(async (jobId: string, { output, state, ...page }: JobViewOptions) => {
    const client = await clientOf(command, context);
    const view = await client.job(jobId, { ...page, estimate: true, ...(state !== undefined && { states: state }) });
    print({ output, terminal: context.terminal }, view, jobText);
  });
};

interface JobViewOptions extends OutputOptions {
  readonly state?: readonly TaskState[];
  readonly limit: number;
  readonly offset: number;
}

function taskStates(value: string): readonly TaskState[] {
  return members(value, taskStateSchema.options);
}

/** A job as a person reads it. */
function jobText(job: JobView): string {
  const rows = job.tasks.map((task) => [
    task.taskId.slice(0, 40),
    taskLine(task).label,
    taskLine(task).status,
    task.attempts.at(-1)?.deviceName ?? '-',
    task.estimate === undefined ? '-' : shortEstimate(task.state, task.estimate),
    `${task.attempts.length}`,
  ]);
  const results = job.tasks.flatMap((task) => (task.summary === '' ? [] : [`${taskLine(task).label}: ${task.summary}`]));
  const errors = job.tasks.flatMap((task) =>
    task.error === null ? [] : [`${taskLine(task).label}: ${task.error.message}\n  ${task.error.advice}`],
  );
  const head = `job ${job.jobId}  ${stateText(job, Date.now())}  submitted ${new Date(job.submittedAt).toISOString()} by ${job.submitter}${deadlineText(job)}`;
  const progress = `${jobProgressText(job.counts)} tasks ended${job.cause === null ? '' : `; ${job.cause.reason}`}`;
  const when = job.estimate === undefined ? '' : `; ${estimateText(job.estimate.startMs === 0 ? 'running' : 'pending', job.estimate)}`;
  const shown = { from: job.taskOffset + Math.min(1, rows.length), to: job.taskOffset + rows.length };
  const page =
    rows.length === job.taskCount ? [] : [`tasks ${shown.from} to ${shown.to} of ${formatCount(job.taskCount)}; more with --offset`];
  return [
    head,
    `${progress}${when}`,
    table(['task', 'what', 'status', 'device', 'when', 'attempts'], rows),
    ...page,
    ...results,
    ...errors,
  ].join('\n');
}

function deadlineText({ deadlineAt, endedAt }: JobView): string {
  return deadlineAt === null || endedAt !== null ? '' : `, deadline ${new Date(deadlineAt).toISOString()}`;
}
