import type { PullOptions } from '../pull/run-pull.ts';
import { clientOf, type RegisterCommand, withOutput } from './command.ts';

/** `grove pull JOB --out DIR`: brings the converted model of a job here, verified; a pull that broke off is continued. */
export const registerPull: RegisterCommand = (program, context) => {
  const command = program.command('pull <job>').description('bring the converted model of a job here');
  withOutput(command)
    .requiredOption('--out <dir>', 'folder for the model; made when missing')
    .option('--recipe <name>', 'whose model, where the job has several: a label or an id')
    .option('--compiled', 'what EPContextBinaryGenerator had the device compile, in the place of the conversion')
    .option('--device <name>', 'with --compiled: whose, where the job ran on several')
    .option('--overwrite', 'replace other files of the same names')
    .action(async (jobId: string, options: PullOptions) =>
      (await import('../pull/run-pull.ts')).runPull(await clientOf(command, context), jobId, { options, context }),
    );
};
