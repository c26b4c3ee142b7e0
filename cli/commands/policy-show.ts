import { print } from '../output.ts';
import { policyText } from '../policy-text.ts';
import { clientOf, noun, type OutputOptions, type RegisterCommand, withOutput } from './command.ts';

/** `grove policy show`: weights, quotas, and how much of them is used. */
export const registerPolicyShow: RegisterCommand = (program, context) => {
  const command = noun(program, 'policy', 'policy: how devices are shared among submitters')
    .command('show')
    .description('show weights and quotas, and how much of them is used');
  withOutput(command).action(async (options: OutputOptions) => {
    const client = await clientOf(command, context);
    print({ ...options, terminal: context.terminal }, await client.policy(), policyText);
  });
};
