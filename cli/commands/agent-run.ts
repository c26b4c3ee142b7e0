import { resolve } from 'node:path';
import { Option } from 'commander';
import type { AgentFile } from '../../agent/config.ts';
import { collect, keyValues, present } from '../option-parsers.ts';
import { untilStopped } from '../until-stopped.ts';
import { noun, type RegisterCommand } from './command.ts';

interface AgentRunOptions {
  readonly join?: string;
  readonly insecure?: boolean;
  readonly agentUrl?: string;
  readonly name?: string;
  readonly data?: string;
  readonly label: readonly string[];
  readonly capability: readonly string[];
  readonly logLevel?: NonNullable<AgentFile['logLevel']>;
}

/** `grove agent run`: this machine works for a farm until it is stopped; Ctrl-C drains. */
export const registerAgentRun: RegisterCommand = (program, context) => {
  const command = noun(program, 'agent', 'agents: the lab machines').command('run').description('run an agent on this machine');
  command
    .option('--join <string>', 'join the farm that printed it (GROVE_JOIN, GROVE_JOIN_FILE); needed once')
    .option(
      '--agent-url <url>',
      'where the coordinator listens for agents (GROVE_AGENT_URL; default: as joined, else grpc://127.0.0.1:4701)',
    )
    .option('--insecure', 'connect without TLS to another machine: whoever is between reads and changes everything')
    .option('--name <name>', "the agent's name (default: the host name)")
    .option('--data <folder>', 'data folder (default: <GROVE_DATA>/agent)')
    .option('--label <key=value>', 'label of this machine for --where (repeatable)', collect, [])
    .option('--capability <name>', 'for example hub: may fetch models from the hub (repeatable)', collect, [])
    .addOption(new Option('--log-level <level>', 'what to log').choices(['debug', 'info', 'warn', 'error', 'silent']));
  command.action(async (options: AgentRunOptions) => {
    const { config } = command.optsWithGlobals<{ config?: string }>();
    const flags = {
      ...present({
        join: options.join,
        insecure: options.insecure,
        agentUrl: options.agentUrl,
        name: options.name,
        logLevel: options.logLevel,
        configFile: config,
      }),
      ...(options.data !== undefined && { dataFolder: resolve(options.data) }),
      ...(options.label.length > 0 && { labels: keyValues('--label', options.label) }),
      ...(options.capability.length > 0 && { capabilities: [...options.capability] }),
    };
    const [{ loadAgentConfig }, { startAgent }] = await Promise.all([import('../../agent/config.ts'), import('../../agent/main.ts')]);
    const agent = await startAgent(await loadAgentConfig(flags, context.env));
    await untilStopped(agent, context.interrupted);
  });
};
