import { type Command, Option } from 'commander';
import { type ClientOptions, createClient, type GroveClient } from '../../api/client.ts';
import { isLoopbackHost } from '../../domain/loopback.ts';
import { type CliConfig, readCliConfig } from '../config.ts';
import type { CommandContext } from '../context.ts';
import type { OutputFormat } from '../output.ts';

/** Adds one command, with its options and help, to the program. */
export type RegisterCommand = (program: Command, context: CommandContext) => void;

/** Options every command that prints a result has. */
export interface OutputOptions {
  readonly output: OutputFormat;
}

/** Adds `-o table|json` and its alias `--json`. */
export function withOutput(command: Command): Command {
  return command
    .addOption(new Option('-o, --output <format>', 'how to print the result').choices(['table', 'json']).default('table'))
    .addOption(new Option('--json', 'the same as -o json').implies({ output: 'json' }));
}

/** Configuration for a command: global flags of its program, then environment, file, default. */
export function configOf(command: Command, context: CommandContext): Promise<CliConfig> {
  return readCliConfig(command.optsWithGlobals<{ url?: string; config?: string }>(), context.env);
}

/** The farm this command talks to. */
export async function clientOf(command: Command, context: CommandContext): Promise<GroveClient> {
  return createClient(await clientOptionsOf(await configOf(command, context)));
}

/** How a client reaches the farm of a configuration, shows its token and trusts its authority. */
export async function clientOptionsOf({ url, token, authority }: Pick<CliConfig, 'url' | 'token' | 'authority'>): Promise<ClientOptions> {
  return {
    url,
    // Never where everybody on the way could read it.
    ...(token !== null && isPrivate(url) && { headers: { authorization: `Bearer ${token}` } }),
    // Loaded for farms that need it only: it takes a tenth of a command's start.
    ...(authority !== null && { fetch: (await import('../farm-fetch.ts')).fetchTrusting(authority) }),
  };
}

function isPrivate(url: string): boolean {
  const { protocol, hostname } = new URL(url);
  return protocol === 'https:' || isLoopbackHost(hostname);
}

/** `job`, `agent`, `recipe`: the noun its verbs hang on; made by whichever verb comes first. */
export function noun(program: Command, name: string, description: string): Command {
  return program.commands.find((command) => command.name() === name) ?? program.command(name).description(description);
}
