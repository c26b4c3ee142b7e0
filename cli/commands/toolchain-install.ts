import { Argument } from 'commander';
import { TOOLCHAIN_NAMES, type ToolchainName } from '../../domain/toolchains.ts';
import { present } from '../option-parsers.ts';
import { print } from '../output.ts';
import { noun, type OutputOptions, type RegisterCommand, withOutput } from './command.ts';

/** Help of the noun. */
export const TOOLCHAIN_NOUN = 'Python environments of the agent on this machine, for passes that Grove cannot run alone';

interface InstallOptions extends OutputOptions {
  readonly data?: string;
  readonly wheels?: string;
  readonly environment?: string;
  readonly python?: string;
}

/** `grove toolchain install`: gives the agent on this machine a toolchain. */
export const registerToolchainInstall: RegisterCommand = (program, context) => {
  const command = noun(program, 'toolchain', TOOLCHAIN_NOUN).command('install');
  command
    .description('install a toolchain: an environment of its own, packages of pinned versions and digests; restart the agent to offer it')
    .addArgument(new Argument('<name>', 'which toolchain').choices(TOOLCHAIN_NAMES));
  withOutput(command)
    .option('--wheels <folder>', 'take all packages from a folder and ask no package index')
    .option('--environment <folder>', 'take a virtual environment of yours as it is')
    .option('--python <file>', 'Python interpreter to make the environment with (default: found on this machine)')
    .option('--data <folder>', "the agent's data folder (default: <GROVE_DATA>/agent)")
    .action(async (name: ToolchainName, { data, wheels, environment, python, ...options }: InstallOptions) => {
      const { openToolchains } = await import('../toolchain/open-toolchains.ts');
      const { installToolchain } = await import('../../agent/toolchains/install.ts');
      const { createSpawner } = await import('../../platform/spawner.ts');
      const { terminal, env, interrupted } = context;
      const request = { name, ...present({ wheels, environment, python }) };
      const ports = { spawner: createSpawner(), env, signal: interrupted, log: (line: string) => terminal.error(line) };
      const installed = await installToolchain(await openToolchains(command, context, data), request, ports);
      print({ ...options, terminal }, installed, ({ id, pythonVersion, packages }) => {
        const versions = Object.entries(packages).map(([name, version]) => `${name} ${version}`);
        return `${id} installed: ${versions.join(', ')} on Python ${pythonVersion}. Restart the agent to offer it.`;
      });
    });
};
