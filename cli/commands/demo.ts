import type { DemoOptions } from '../demo/run-demo.ts';
import { port } from '../option-parsers.ts';
import type { RegisterCommand } from './command.ts';

/** `grove demo`: a farm of its own, all recipes of the catalogue on this machine's CPU, and the matrix that comes of it. */
export const registerDemo: RegisterCommand = (program, context) => {
  const command = program.command('demo').description('start a farm, run every recipe of the catalogue on this CPU, print the matrix');
  command
    .option('--model <dir>', 'checkpoint folder (default: a Hugging Face cache that has it, else random weights flagged synthetic)')
    .option('--port <port>', 'port of the pages; 0 takes a free one', port, 0)
    .option('--redis <url>', 'keep tasks in Redis, as `grove up --redis` does; needs --s3')
    .option('--s3 <url>', 'keep artifacts in S3, as `grove up --s3` does')
    .option('--keep', 'keep serving the pages until Ctrl-C')
    .action(async (options: DemoOptions) => (await import('../demo/run-demo.ts')).runDemo(options, context));
};
