import { resolve } from 'node:path';
import type { Command } from 'commander';
import { loadAgentConfig } from '../../agent/config.ts';
import { Toolchains } from '../../agent/toolchains/toolchain-store.ts';
import type { CommandContext } from '../context.ts';

/** The toolchains of the agent that would run with the same flags and configuration. Throws `invalid-config`. */
export async function openToolchains(command: Command, { env }: CommandContext, data: string | undefined): Promise<Toolchains> {
  const { config } = command.optsWithGlobals<{ config?: string }>();
  const flags = { ...(data !== undefined && { dataFolder: resolve(data) }), ...(config !== undefined && { configFile: config }) };
  return new Toolchains((await loadAgentConfig(flags, env)).dataFolder);
}
