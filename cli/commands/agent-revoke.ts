import { print } from '../output.ts';
import { clientOf, noun, type OutputOptions, type RegisterCommand, withOutput } from './command.ts';

/** `grove agent revoke AGENT`: its key opens nothing from now on; its history stays. */
export const registerAgentRevoke: RegisterCommand = (program, context) => {
  const command = noun(program, 'agent', 'agents: the lab machines')
    .command('revoke <agent>')
    .description("make an agent's key void and end its connection; the machine may join again with a new join string");
  withOutput(command).action(async (agentId: string, options: OutputOptions) => {
    const client = await clientOf(command, context);
    print({ ...options, terminal: context.terminal }, await client.revokeAgent(agentId), ({ revoked }) => `The key of ${revoked} is void.`);
  });
};
