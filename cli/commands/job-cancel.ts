import { print } from '../output.ts';
import { clientOf, noun, type OutputOptions, type RegisterCommand, withOutput } from './command.ts';

/** `grove job cancel JOB`: ends what has not ended; a conversion that other jobs wait for goes on. */
export const registerJobCancel: RegisterCommand = (program, context) => {
  const command = noun(program, 'job', 'jobs: what was submitted').command('cancel <job>').description('cancel what has not ended');
  withOutput(command).action(async (jobId: string, options: OutputOptions) => {
    const client = await clientOf(command, context);
    print({ ...options, terminal: context.terminal }, await client.cancelJob(jobId), ({ cancelled }) => `${cancelled} task(s) cancelled.`);
  });
};
