import type { AgentView } from '../api/agents.ts';

/** What a person is told of an agent after a command about it. */
export function agentLine({ agentId, state, why, leases }: AgentView): string {
  const rest = leases.length === 0 ? [] : [`It still runs ${leases.map(({ taskId }) => taskId).join(', ')}.`];
  return [`agent ${agentId} is ${state}${why === '' ? '' : ` (${why})`}.`, ...rest].join('\n');
}
