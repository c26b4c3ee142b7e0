import { print } from '../output.ts';
import { noun, type OutputOptions, type RegisterCommand, withOutput } from './command.ts';
import { EP_NOUN } from './ep-add.ts';

/** `grove ep remove`. */
export const registerEpRemove: RegisterCommand = (program, context) => {
  const command = noun(program, 'ep', EP_NOUN).command('remove <package>');
  withOutput(command.description('remove a package of the agent on this machine (qnn@2.7.0); stop the agent first'))
    .option('--data <folder>', "the agent's data folder (default: <GROVE_DATA>/agent)")
    .action(async (id: string, { data, ...options }: OutputOptions & { readonly data?: string }) => {
      const { openEpPackages } = await import('../ep/open-ep-packages.ts');
      const packages = await openEpPackages(command, context, data);
      print({ ...options, terminal: context.terminal }, await packages.remove(id), (removed) => `${removed.id} removed.`);
    });
};
