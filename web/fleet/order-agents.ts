import type { AgentState, AgentView } from '../../api/agents.ts';

/** What needs somebody comes first. */
const NEEDS_FIRST: readonly AgentState[] = ['quarantined', 'not-ready', 'offline', 'paused', 'draining', 'busy', 'idle'];

/** By how much an agent needs somebody, then by name. */
export function orderAgents(agents: readonly AgentView[]): readonly AgentView[] {
  const rank = ({ state }: AgentView) => NEEDS_FIRST.indexOf(state);
  return [...agents].sort((a, b) => rank(a) - rank(b) || a.agentId.localeCompare(b.agentId, 'en', { numeric: true }));
}

/** How many agents are in each state that some are in. */
export function countStates(agents: readonly Pick<AgentView, 'state'>[]): readonly (readonly [AgentState, number])[] {
  return NEEDS_FIRST.flatMap((state) => {
    const count = agents.filter((agent) => agent.state === state).length;
    return count === 0 ? [] : [[state, count] as const];
  });
}

/** Agents in which every word is found. */
export function pickAgents(agents: readonly AgentView[], words: string): readonly AgentView[] {
  const asked = words.toLowerCase().split(/\s+/).filter(Boolean);
  if (asked.length === 0) return agents;
  return agents.filter((agent) => {
    const text = textOf(agent).toLowerCase();
    return asked.every((word) => text.includes(word));
  });
}

function textOf({ agentId, state, why, host, devices }: AgentView): string {
  const names = devices.flatMap(({ name, profile: { model, driver, eps } }) => [name, model, driver ?? '', ...eps.map((ep) => ep.name)]);
  return [agentId, state, why, host.hostName, host.osBuild, ...names].join(' ');
}
