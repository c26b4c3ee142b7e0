import { print } from '../output.ts';
import { BUNDLE } from './bundle-create.ts';
import { clientOf, noun, type OutputOptions, type RegisterCommand, withOutput } from './command.ts';

/** `grove bundle key`: the public key of a farm, for whoever checks its bundles. */
export const registerBundleKey: RegisterCommand = (program, context) => {
  const command = noun(program, 'bundle', BUNDLE).command('key').description('the public key that bundles of this farm are signed with');
  withOutput(command).action(async (options: OutputOptions) => {
    const client = await clientOf(command, context);
    print({ ...options, terminal: context.terminal }, await client.farmKey(), ({ publicKey }) => publicKey);
  });
};
