import type { DiffOptions } from '../diff/run-diff.ts';
import { positiveInteger, share } from '../option-parsers.ts';
import { type RegisterCommand, withOutput } from './command.ts';

/** `grove diff A B`: structure, weights and outputs of two ONNX models; on this machine, without a farm. */
export const registerDiff: RegisterCommand = (program, context) => {
  const command = program
    .command('diff <model-a> <model-b>')
    .description('say how two ONNX models differ: structure, weights, outputs (ends with 3 when they do)');
  withOutput(command)
    .option('--data <file:columns>', 'feed rows of a JSONL or Parquet file in place of seeded values')
    .option('--tokenizer <dir>', 'folder of tokenizer.json for --data (default: beside the first model)')
    .option('--rows <count>', 'inputs to compare on', positiveInteger, 4)
    .option('--ids-below <count>', 'generated token ids are below this: at most the vocabulary size', positiveInteger, 1_000)
    .option('--min-cosine <number>', 'judge by outputs alone: the same when every row reaches this cosine', share)
    .action(async (modelA: string, modelB: string, options: DiffOptions) =>
      (await import('../diff/run-diff.ts')).runDiff(modelA, modelB, { options, context }),
    );
};
