import { print } from '../output.ts';
import { noun, type OutputOptions, type RegisterCommand, withOutput } from './command.ts';
import { TOOLCHAIN_NOUN } from './toolchain-install.ts';

/** `grove toolchain remove`. */
export const registerToolchainRemove: RegisterCommand = (program, context) => {
  const command = noun(program, 'toolchain', TOOLCHAIN_NOUN).command('remove <toolchain>');
  withOutput(command.description('remove a toolchain of the agent on this machine, by its id or name; stop the agent first'))
    .option('--data <folder>', "the agent's data folder (default: <GROVE_DATA>/agent)")
    .action(async (id: string, { data, ...options }: OutputOptions & { readonly data?: string }) => {
      const { openToolchains } = await import('../toolchain/open-toolchains.ts');
      const toolchains = await openToolchains(command, context, data);
      print({ ...options, terminal: context.terminal }, await toolchains.remove(id), ({ id: removed, managed, environment }) =>
        managed ? `${removed} removed.` : `${removed} removed; ${environment} stays.`,
      );
    });
};
