import { print, table } from '../output.ts';
import { noun, type OutputOptions, type RegisterCommand, withOutput } from './command.ts';
import { EP_NOUN } from './ep-add.ts';

/** `grove ep list`: what was added. Whether it runs here the agent finds out: `grove agent show`. */
export const registerEpList: RegisterCommand = (program, context) => {
  const command = noun(program, 'ep', EP_NOUN).command('list');
  withOutput(command.description('list the packages of the agent on this machine'))
    .option('--data <folder>', "the agent's data folder (default: <GROVE_DATA>/agent)")
    .action(async ({ data, ...options }: OutputOptions & { readonly data?: string }) => {
      const { openEpPackages } = await import('../ep/open-ep-packages.ts');
      const packages = await (await openEpPackages(command, context, data)).list();
      print({ ...options, terminal: context.terminal }, { packages }, () =>
        table(
          ['package', 'execution provider', 'kind', 'library', 'MB', 'source'],
          packages.map(({ id, ep, kind, libraryDigest, sizeBytes, source }) => [
            id,
            ep,
            kind,
            libraryDigest.slice(0, 12),
            String(Math.round(sizeBytes / 1e6)),
            source,
          ]),
        ),
      );
    });
};
