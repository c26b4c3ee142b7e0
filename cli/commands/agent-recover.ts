import { agentLine } from '../agent-line.ts';
import { print } from '../output.ts';
import { clientOf, noun, type OutputOptions, type RegisterCommand, withOutput } from './command.ts';

/** `grove agent recover AGENT`: ends a quarantine and forgets the failures that led to it. */
export const registerAgentRecover: RegisterCommand = (program, context) => {
  const command = noun(program, 'agent', 'agents: the lab machines')
    .command('recover <agent>')
    .description('let a quarantined agent work again: what was wrong has been fixed');
  withOutput(command).action(async (agentId: string, options: OutputOptions) => {
    const client = await clientOf(command, context);
    print({ ...options, terminal: context.terminal }, await client.unmarkAgent(agentId), agentLine);
  });
};
