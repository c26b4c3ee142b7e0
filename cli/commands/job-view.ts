import type { JobView } from '../../api/jobs.ts';
import { print, table } from '../output.ts';
import { taskLine } from '../watch/task-line.ts';
import { clientOf, noun, type OutputOptions, type RegisterCommand, withOutput } from './command.ts';

/** `grove job view JOB`: its tasks, where they run, and why they ended. */
export const registerJobView: RegisterCommand = (program, context) => {
  const command = noun(program, 'job', 'jobs: what was submitted').command('view <job>').description('show a job and its tasks');
  withOutput(command).action(async (jobId: string, options: OutputOptions) => {
    const client = await clientOf(command, context);
    print({ ...options, terminal: context.terminal }, await client.job(jobId), jobText);
  });
};

/** A job as a person reads it. */
function jobText(job: JobView): string {
  const rows = job.tasks.map((task) => [
    task.taskId.slice(0, 40),
    taskLine(task).label,
    taskLine(task).status,
    task.attempts.at(-1)?.deviceName ?? '-',
    `${task.attempts.length}`,
  ]);
  const results = job.tasks.flatMap((task) => (task.summary === '' ? [] : [`${taskLine(task).label}: ${task.summary}`]));
  const errors = job.tasks.flatMap((task) =>
    task.error === null ? [] : [`${taskLine(task).label}: ${task.error.message}\n  ${task.error.advice}`],
  );
  const head = `job ${job.jobId}  ${job.state}  submitted ${new Date(job.submittedAt).toISOString()} by ${job.submitter}`;
  return [head, table(['task', 'what', 'status', 'device', 'attempts'], rows), ...results, ...errors].join('\n');
}
