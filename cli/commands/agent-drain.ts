import { agentLine } from '../agent-line.ts';
import { present } from '../option-parsers.ts';
import { print } from '../output.ts';
import { clientOf, noun, type OutputOptions, type RegisterCommand, withOutput } from './command.ts';

interface DrainOptions extends OutputOptions {
  readonly reason?: string;
}

/** `grove agent drain AGENT`: it finishes what it runs and gets no more, until it is resumed. */
export const registerAgentDrain: RegisterCommand = (program, context) => {
  const command = noun(program, 'agent', 'agents: the lab machines')
    .command('drain <agent>')
    .description('let an agent finish what it runs and give it no more, before it is taken away')
    .option('--reason <text>', 'why, for everybody who wonders');
  withOutput(command).action(async (agentId: string, options: DrainOptions) => {
    const client = await clientOf(command, context);
    const agent = await client.markAgent(agentId, { kind: 'draining', ...present({ reason: options.reason }) });
    print({ ...options, terminal: context.terminal }, agent, agentLine);
  });
};
