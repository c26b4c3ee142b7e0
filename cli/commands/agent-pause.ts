import { agentLine } from '../agent-line.ts';
import { durationMs, present } from '../option-parsers.ts';
import { print } from '../output.ts';
import { clientOf, noun, type OutputOptions, type RegisterCommand, withOutput } from './command.ts';

interface PauseOptions extends OutputOptions {
  readonly for?: number;
  readonly reason?: string;
}

/** `grove agent pause AGENT`: no new work for a while; what it runs goes on. */
export const registerAgentPause: RegisterCommand = (program, context) => {
  const command = noun(program, 'agent', 'agents: the lab machines')
    .command('pause <agent>')
    .description('give an agent no new work for a while; what it runs goes on')
    .option('--for <duration>', 'it ends by itself after 90s, 30m, 2h or 1d (default: when it is resumed)', durationMs)
    .option('--reason <text>', 'why, for everybody who wonders');
  withOutput(command).action(async (agentId: string, options: PauseOptions) => {
    const client = await clientOf(command, context);
    const agent = await client.markAgent(agentId, { kind: 'paused', ...present({ forMs: options.for, reason: options.reason }) });
    print({ ...options, terminal: context.terminal }, agent, agentLine);
  });
};
