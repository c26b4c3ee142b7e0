import { watchJob } from '../watch/watch-job.ts';
import { clientOf, noun, type RegisterCommand } from './command.ts';

/** `grove job watch JOB`: live until it ends; the exit code says how it ended. */
export const registerJobWatch: RegisterCommand = (program, context) => {
  const command = noun(program, 'job', 'jobs: what was submitted').command('watch <job>').description('follow a job until it ends');
  command.action(async (jobId: string) => {
    const client = await clientOf(command, context);
    context.exit(await watchJob(client, jobId, context));
  });
};
