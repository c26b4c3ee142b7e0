import type { AgentView } from '../../api/agents.ts';
import { duration } from '../../domain/duration.ts';
import { print, table } from '../output.ts';
import { clientOf, noun, type OutputOptions, type RegisterCommand, withOutput } from './command.ts';

/** `grove agent list`: every agent the farm knows, what state it is in, what it offers. */
export const registerAgentList: RegisterCommand = (program, context) => {
  const command = noun(program, 'agent', 'agents: the lab machines').command('list').description('list agents and their devices');
  withOutput(command).action(async (options: OutputOptions) => {
    const client = await clientOf(command, context);
    print({ ...options, terminal: context.terminal }, await client.agents(), ({ agents }) =>
      table(['agent', 'state', 'device', 'model', 'execution providers', 'seen'], agents.flatMap(rows)),
    );
  });
};

function rows(agent: AgentView): string[][] {
  const state = agent.why === '' ? agent.state : `${agent.state}: ${agent.why}`;
  const seen = `${duration(Date.now() - agent.lastSeenAt)} ago`;
  const devices = agent.devices.map(({ name, profile }) => [
    name,
    profile.emulated ? `${profile.model} (emulated)` : profile.model,
    profile.eps.map((ep) => ep.name.replace('ExecutionProvider', '')).join(', '),
  ]);
  return (devices.length > 0 ? devices : [['-', '-', '-']]).map((device) => [agent.agentId, state, ...device, seen]);
}
