import { resolve } from 'node:path';
import type { Command } from 'commander';
import { loadAgentConfig } from '../../agent/config.ts';
import { EpPackages } from '../../agent/eps/package-store.ts';
import type { CommandContext } from '../context.ts';

/** The packages of the agent that would run with the same flags and configuration. Throws `invalid-config`. */
export async function openEpPackages(command: Command, { env }: CommandContext, data: string | undefined): Promise<EpPackages> {
  const { config } = command.optsWithGlobals<{ config?: string }>();
  const flags = { ...(data !== undefined && { dataFolder: resolve(data) }), ...(config !== undefined && { configFile: config }) };
  return new EpPackages((await loadAgentConfig(flags, env)).dataFolder);
}
