import { print, table } from '../output.ts';
import { noun, type OutputOptions, type RegisterCommand, withOutput } from './command.ts';
import { TOOLCHAIN_NOUN } from './toolchain-install.ts';

/** `grove toolchain list`. */
export const registerToolchainList: RegisterCommand = (program, context) => {
  const command = noun(program, 'toolchain', TOOLCHAIN_NOUN).command('list');
  withOutput(command.description('list the toolchains of the agent on this machine'))
    .option('--data <folder>', "the agent's data folder (default: <GROVE_DATA>/agent)")
    .action(async ({ data, ...options }: OutputOptions & { readonly data?: string }) => {
      const { openToolchains } = await import('../toolchain/open-toolchains.ts');
      const toolchains = await (await openToolchains(command, context, data)).list();
      print({ ...options, terminal: context.terminal }, { toolchains }, () =>
        table(
          ['toolchain', 'packages', 'Python', 'environment'],
          toolchains.map(({ id, packages, pythonVersion, environment, managed }) => [
            id,
            Object.entries(packages)
              .map(([name, version]) => `${name} ${version}`)
              .join(', '),
            pythonVersion,
            managed ? environment : `${environment} (yours)`,
          ]),
        ),
      );
    });
};
