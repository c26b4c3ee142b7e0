import { agentLine } from '../agent-line.ts';
import { print } from '../output.ts';
import { clientOf, noun, type OutputOptions, type RegisterCommand, withOutput } from './command.ts';

/** `grove agent resume AGENT`: it works again. */
export const registerAgentResume: RegisterCommand = (program, context) => {
  const command = noun(program, 'agent', 'agents: the lab machines')
    .command('resume <agent>')
    .description('let a paused or draining agent work again');
  withOutput(command).action(async (agentId: string, options: OutputOptions) => {
    const client = await clientOf(command, context);
    print({ ...options, terminal: context.terminal }, await client.unmarkAgent(agentId), agentLine);
  });
};
