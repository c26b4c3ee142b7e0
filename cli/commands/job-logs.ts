import type { GroveClient } from '../../api/client.ts';
import { GroveError } from '../../domain/errors.ts';
import { positiveInteger } from '../option-parsers.ts';
import { taskLine } from '../watch/task-line.ts';
import { clientOf, noun, type RegisterCommand } from './command.ts';

interface LogsOptions {
  readonly attempt?: number;
  readonly follow?: boolean;
}

/** `grove job logs JOB|TASK`: the log of one task, or of every task of a job in turn. */
export const registerJobLogs: RegisterCommand = (program, context) => {
  const command = noun(program, 'job', 'jobs: what was submitted')
    .command('logs <job-or-task>')
    .description('print the logs of a job or task');
  command
    .option('--attempt <number>', 'which attempt (default: the newest)', positiveInteger)
    .option('-f, --follow', 'keep printing until the attempt ends');
  command.action(async (id: string, options: LogsOptions) => {
    const client = await clientOf(command, context);
    const attempt = options.attempt === undefined ? {} : { attempt: options.attempt };
    for (const { taskId, title } of await tasksNamed(client, id)) {
      if (title !== null) context.terminal.out(`==> ${title} (${taskId})`);
      if (options.follow !== true) context.terminal.out((await client.taskLog(taskId, attempt)).trimEnd());
      else
        for await (const chunk of client.followLog(taskId, { ...attempt, signal: context.interrupted }))
          context.terminal.out(chunk.trimEnd());
    }
  });
};

async function tasksNamed(client: GroveClient, id: string): Promise<readonly { readonly taskId: string; readonly title: string | null }[]> {
  const job = await client.wholeJob(id).catch((error: unknown) => {
    if (error instanceof GroveError && error.code === 'not-found') return undefined;
    throw error;
  });
  if (job === undefined) return [{ taskId: id, title: null }];
  return job.tasks.filter((task) => task.attempts.length > 0).map((task) => ({ taskId: task.taskId, title: taskLine(task).label }));
}
