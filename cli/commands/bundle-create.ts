import type { CreateBundleOptions } from '../bundle/create-bundle.ts';
import { clientOf, noun, type RegisterCommand, withOutput } from './command.ts';

export const BUNDLE = 'bundle: one result with everything it came from, signed';

/** `grove bundle create CELL|TASK --out FILE`: the evidence of a result as one signed archive. */
export const registerBundleCreate: RegisterCommand = (program, context) => {
  const command = noun(program, 'bundle', BUNDLE)
    .command('create <result>')
    .description('write the evidence of a result to a signed tar archive: of a cell (its id, or RECIPE@DEVICE) or a benchmark task');
  withOutput(command)
    .requiredOption('--out <file>', 'the archive')
    .option('--without-model', 'leave the converted model out; its digests stay')
    .option('--overwrite', 'replace a file of this name')
    .action(async (result: string, options: Omit<CreateBundleOptions, 'model'> & { readonly withoutModel?: true }) => {
      const { runCreateBundle } = await import('../bundle/create-bundle.ts');
      const { withoutModel, ...rest } = options;
      await runCreateBundle(await clientOf(command, context), result, { options: { ...rest, model: withoutModel !== true }, context });
    });
};
