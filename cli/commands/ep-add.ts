import { print } from '../output.ts';
import { noun, type OutputOptions, type RegisterCommand, withOutput } from './command.ts';

/** Help of the noun. */
export const EP_NOUN = 'execution provider packages of the agent on this machine';

interface AddOptions extends OutputOptions {
  readonly data?: string;
  readonly ep?: string;
  readonly asVersion?: string;
}

/** `grove ep add`: gives the agent on this machine another execution provider. */
export const registerEpAdd: RegisterCommand = (program, context) => {
  const command = noun(program, 'ep', EP_NOUN).command('add <source>');
  command.description('add a wheel, a zip, a folder, a library, or one that Windows installed (winml:QNN); restart the agent to offer it');
  withOutput(command)
    .option('--ep <id>', 'which provider of a package that has several, for example cuda')
    .option('--as-version <version>', 'version of a package that states none, or another than it states')
    .option('--data <folder>', "the agent's data folder (default: <GROVE_DATA>/agent)")
    .action(async (source: string, { data, ep, asVersion, ...options }: AddOptions) => {
      const { openEpPackages } = await import('../ep/open-ep-packages.ts');
      const packages = await openEpPackages(command, context, data);
      const request = { source, ...(ep !== undefined && { ep }), ...(asVersion !== undefined && { version: asVersion }) };
      print({ ...options, terminal: context.terminal }, await packages.add(request), ({ id, ep: name, kind, libraryDigest }) => {
        return `${id} added: ${name} as a ${kind}, library ${libraryDigest.slice(0, 12)}. Restart the agent to offer it.`;
      });
    });
};
