import { clientOf, noun, type RegisterCommand } from './command.ts';

/** `grove job watch JOB`: live until it ends; the exit code says how it ended. */
export const registerJobWatch: RegisterCommand = (program, context) => {
  const command = noun(program, 'job', 'jobs: what was submitted').command('watch <job>').description('follow a job until it ends');
  command.action(async (jobId: string) => {
    const client = await clientOf(command, context);
    const { watchJob } = await import('../watch/watch-job.ts');
    context.exit(await watchJob(client, jobId, context));
  });
};
