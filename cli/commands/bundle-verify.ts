import type { VerifyBundleOptions } from '../bundle/run-verify.ts';
import { BUNDLE } from './bundle-create.ts';
import { noun, type RegisterCommand, withOutput } from './command.ts';

/** `grove bundle verify FILE`: whether a bundle is what its farm signed; needs no farm. */
export const registerBundleVerify: RegisterCommand = (program, context) => {
  const command = noun(program, 'bundle', BUNDLE)
    .command('verify <file>')
    .description('say exactly what of a bundle is not as its farm signed it; exit code 1 when something is');
  withOutput(command)
    .option('--key <key>', 'public key of the farm, or a file with it (grove bundle key)')
    .action(async (file: string, options: VerifyBundleOptions) =>
      (await import('../bundle/run-verify.ts')).runVerifyBundle(file, options, context),
    );
};
